/** What can be wrong with a run's folder. */
export const problemCodes = [
  "range-missing",
  "range-open",
  "chunk-missing",
  "chunk-unreadable",
  "chunk-order",
  "chunk-unexpected",
  "shard-missing",
  "shard-unreadable",
  "shard-unexpected",
  "record-missing",
  "record-doubled",
  "record-unexpected",
  "record-order",
  "record-wrong",
  "report-wrong",
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export interface Problem {
  code: ProblemCode;
  /** The object's key, or the name within the run's folder. */
  subject: string;
  /** One line. */
  message: string;
}

/** The problems of a run: all of them counted, the first ones kept. */
export class Problems {
  readonly kept: Problem[] = [];
  #total = 0;
  readonly #bound: number;

  constructor(bound = 1_000) {
    this.#bound = bound;
  }

  get total(): number {
    return this.#total;
  }

  add(code: ProblemCode, subject: string, message: string): void {
    this.#total++;
    if (this.kept.length < this.#bound) this.kept.push({ code, subject, message });
  }
}
