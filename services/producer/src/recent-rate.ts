/** Images per second over the last while: progress comes in batches, so a short window would jump. */
const windowSeconds = 30;

export class RecentRate {
  readonly #samples: { seconds: number; done: number }[] = [];

  /** @returns images per second over the window, null until there is something to compare with */
  add(seconds: number, done: number): number | null {
    this.#samples.push({ seconds, done });
    while (this.#samples.length > 2 && seconds - this.#samples[1]!.seconds > windowSeconds) this.#samples.shift();
    const first = this.#samples[0]!;
    return seconds > first.seconds && done > first.done ? (done - first.done) / (seconds - first.seconds) : null;
  }
}
