/** Images per second over the last while: progress comes in batches, so a short window would jump. */
const windowSeconds = 30;
/** The first images come at once, those of all slots; over less than this they would pass for thousands a second. */
const leastSeconds = 1;
/** Between two rates of the history. */
const historyEverySeconds = 2;
const historyLength = 60;

export class RecentRate {
  readonly #samples: { seconds: number; done: number }[] = [];
  readonly #history: number[] = [];
  #first: { seconds: number; done: number } | null = null;
  #mark: { seconds: number; done: number } | null = null;
  #last = { seconds: 0, done: 0 };

  /** @returns images per second over the window, null until there is something to compare with */
  add(seconds: number, done: number): number | null {
    this.#last = { seconds, done };
    // Start-up is no part of the rate.
    if (done === 0) this.#samples.length = 0;
    this.#first ??= this.#last;
    this.#mark ??= this.#last;
    if (seconds - this.#mark.seconds >= historyEverySeconds) {
      this.#history.push((done - this.#mark.done) / (seconds - this.#mark.seconds));
      if (this.#history.length > historyLength) this.#history.shift();
      this.#mark = this.#last;
    }
    this.#samples.push(this.#last);
    while (this.#samples.length > 2 && seconds - this.#samples[1]!.seconds > windowSeconds) this.#samples.shift();
    const oldest = this.#samples[0]!;
    return seconds - oldest.seconds < leastSeconds ? null : rateBetween(oldest, this.#last);
  }

  /** Rates of two seconds each, the newest last. */
  get history(): readonly number[] {
    return this.#history;
  }

  /** From the first word to the last; null where there is nothing to compare. */
  get overall(): number | null {
    return this.#first && rateBetween(this.#first, this.#last);
  }
}

function rateBetween(from: { seconds: number; done: number }, to: { seconds: number; done: number }): number | null {
  return to.seconds > from.seconds && to.done > from.done ? (to.done - from.done) / (to.seconds - from.seconds) : null;
}
