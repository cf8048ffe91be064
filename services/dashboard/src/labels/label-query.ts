import { type Histograms, histogramsOf } from "./histograms.js";
import type { LabelTable } from "./label-table.js";
import { type LabelFilter, matchRows } from "./match-rows.js";
import { type LabelSort, sortRows } from "./sort-rows.js";

export interface LabelAnswer {
  /** All rows that match, sorted. */
  rows: Uint32Array;
  histograms: Histograms;
}

/** Answers that are kept: turning pages asks the same question over and over. */
const keptAnswers = 3;

/** Asks a table, and remembers the last answers until it changes. */
export class LabelQueries {
  readonly #table: LabelTable;
  readonly #answers = new Map<string, LabelAnswer>();
  #revision = -1;

  constructor(table: LabelTable) {
    this.#table = table;
  }

  ask(filter: LabelFilter, sort: LabelSort): LabelAnswer {
    if (this.#revision !== this.#table.revision) this.#answers.clear();
    this.#revision = this.#table.revision;
    const question = JSON.stringify([filter, sort]);
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const matching = matchRows(this.#table, filter);
    const answer = { rows: sortRows(this.#table, matching, sort), histograms: histogramsOf(this.#table, matching) };
    this.#answers.set(question, answer);
    if (this.#answers.size > keptAnswers) this.#answers.delete(this.#answers.keys().next().value!);
    return answer;
  }
}
