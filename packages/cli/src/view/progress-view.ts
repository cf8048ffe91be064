import { RecentRate } from "@labelfleet/producer/recent-rate";
import { formatCount, formatDuration } from "./format.js";

/** What is known of a run while it goes on. */
export interface Progress {
  done: number;
  failed: number;
  listed: number;
  listingComplete: boolean;
  elapsedSeconds: number;
}

/** Without a terminal, one line this often. */
const plainEverySeconds = 5;

/** One line that is rewritten in place on a terminal, and a plain line every five seconds elsewhere. Goes to stderr. */
export class ProgressView {
  readonly #out: NodeJS.WriteStream;
  readonly #rate = new RecentRate();
  #lastPlainSeconds = Number.NEGATIVE_INFINITY;
  #lastText = "";
  #dirty = false;
  /** A plain line that came too soon after the one before. */
  #waiting: string | null = null;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(progress: Progress): void {
    if (progress.listed === 0) return;
    this.#waiting = null;
    const text = progressLine(progress, this.#rate.add(progress.elapsedSeconds, progress.done));
    if (this.#out.isTTY) {
      this.#out.write(`\r\u001b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
      this.#dirty = true;
      return;
    }
    if (text === this.#lastText) return;
    if (progress.elapsedSeconds - this.#lastPlainSeconds < plainEverySeconds) {
      this.#waiting = text;
      return;
    }
    this.#lastPlainSeconds = progress.elapsedSeconds;
    this.#writePlain(text);
  }

  /** Leaves the last line standing. */
  end(): void {
    if (this.#dirty) this.#out.write("\n");
    this.#dirty = false;
    if (this.#waiting !== null) this.#writePlain(this.#waiting);
    this.#waiting = null;
  }

  #writePlain(text: string): void {
    this.#lastText = text;
    this.#out.write(`${text}\n`);
  }
}

export function progressLine(progress: Progress, imagesPerSecond: number | null): string {
  const { done, listed, listingComplete, failed } = progress;
  const total = `${formatCount(listed)}${listingComplete ? "" : "+"}`;
  const share = listingComplete && listed > 0 ? ` (${Math.floor((100 * done) / listed)} %)` : "";
  const parts = [`${formatCount(done)} / ${total} images${share}`];
  if (imagesPerSecond !== null) {
    const eta = formatDuration((listed - done) / imagesPerSecond);
    parts.push(`${imagesPerSecond.toFixed(1)} images/s`, `ETA ${listingComplete ? "" : "at least "}${eta}`);
  }
  parts.push(`${formatCount(failed)} failed`);
  return parts.join(" · ");
}
