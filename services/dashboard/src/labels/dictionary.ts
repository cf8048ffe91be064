/** Names beyond this many share the last number: a run's labels are its models' classes, which are fewer. */
export const maxNames = 65_535;
const otherNames = "(further names)";

/** Small numbers for names, from 1; 0 means no name. */
export class Dictionary {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** How many numbers there are, 0 included: the length of a table by number. */
  get size(): number {
    return this.#names.length + 1;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  add(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= maxNames - 1 && name !== otherNames) return this.add(otherNames);
    this.#names.push(name);
    this.#numbers.set(name, this.#names.length);
    return this.#names.length;
  }

  /** The name's number; null for one that is not there. */
  numberOf(name: string): number | null {
    return this.#numbers.get(name) ?? null;
  }

  /** null for 0. */
  nameOf(number: number): string | null {
    return this.#names[number - 1] ?? null;
  }
}
