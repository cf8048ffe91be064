/** A stack of things to release: pushed right after each is acquired, released in reverse order. */
export class Releasers {
  readonly #stack: { name: string; release: () => unknown }[] = [];

  push(name: string, release: () => unknown): void {
    this.#stack.push({ name, release });
  }

  /** Releases everything, last first; one that fails does not keep the next from running. Closing twice is fine. */
  async releaseAll(onError: (name: string, error: unknown) => void = () => {}): Promise<void> {
    for (let entry = this.#stack.pop(); entry !== undefined; entry = this.#stack.pop()) {
      try {
        await entry.release();
      } catch (error) {
        onError(entry.name, error);
      }
    }
  }
}
