import { RecentRate } from "@labelfleet/producer/recent-rate";
import { BottomLines, hasRoomFor, type Terminal } from "./bottom-lines.js";
import { type FleetFacts, liveBlock, liveBlockLines, type Progress, progressLine } from "./live-block.js";

/** Without a terminal, one line this often. */
const plainEverySeconds = 5;

/** Progress of a run: a block of lines that is redrawn on a terminal, and a plain line every five seconds elsewhere. */
export class ProgressView {
  readonly #say: (line: string) => void;
  readonly #rate = new RecentRate();
  readonly #block: BottomLines | null;
  #last: Progress | null = null;
  #lastPlainSeconds = Number.NEGATIVE_INFINITY;
  #lastText = "";
  /** A plain line that came too soon after the one before. */
  #waiting: string | null = null;

  /** @param say writes a plain line, where `out` is no terminal */
  constructor(out: Terminal, say: (line: string) => void) {
    this.#say = say;
    this.#block = hasRoomFor(out, liveBlockLines) ? new BottomLines(out, liveBlockLines) : null;
    // A process that ends by an error must not leave a terminal of which a part does not scroll.
    if (this.#block !== null) process.once("exit", this.#giveBack);
  }

  show(progress: Progress, fleet: FleetFacts | null): void {
    if (progress.listed === 0) return;
    this.#waiting = null;
    this.#last = progress;
    const imagesPerSecond = this.#rate.add(progress.elapsedSeconds, progress.done);
    if (this.#block !== null) {
      this.#block.draw(liveBlock(progress, { imagesPerSecond, history: this.#rate.history }, fleet));
      return;
    }
    const text = progressLine(progress, imagesPerSecond);
    if (text === this.#lastText) return;
    if (progress.elapsedSeconds - this.#lastPlainSeconds < plainEverySeconds) {
      this.#waiting = text;
      return;
    }
    this.#lastPlainSeconds = progress.elapsedSeconds;
    this.#writePlain(text);
  }

  /** Leaves one line standing that says how far it came. */
  end(): void {
    if (this.#block !== null && this.#last !== null) {
      this.#giveBack();
      this.#waiting = progressLine(this.#last, this.#rate.overall);
    }
    if (this.#waiting !== null) this.#writePlain(this.#waiting);
    this.#waiting = null;
    this.#last = null;
  }

  readonly #giveBack = () => {
    process.removeListener("exit", this.#giveBack);
    this.#block?.end();
  };

  #writePlain(text: string): void {
    this.#lastText = text;
    this.#say(text);
  }
}
