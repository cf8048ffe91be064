import type { OnProgress } from "@labelfleet/models/hub/hub-file";
import type { OnWait } from "@labelfleet/models/hub/lock";
import { printable } from "@labelfleet/shared/printable";
import { formatBytes, formatDuration } from "./format.js";

const barWidth = 24;
const redrawMs = 100;
/** Where stderr is a file, a line for each tenth. */
const logParts = 10;

/** Says that a model is pulled, and how far that is: a bar on a terminal, a line now and then elsewhere. */
export class PullView {
  readonly #out: { isTTY?: boolean; write(text: string): unknown };
  readonly #now: () => number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #loggedParts = 0;
  #isOpen = false;

  constructor(out: { isTTY?: boolean; write(text: string): unknown }, now = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  begin(id: string, source: string): void {
    this.#loggedParts = 0;
    this.#out.write(`Downloading ${printable(id)} from ${printable(source)}\n`);
  }

  /** Another process pulls the same model. */
  waiting({ owner, waitedSeconds }: Parameters<OnWait>[0]): void {
    this.end();
    const since = waitedSeconds < 1 ? "" : ` (for ${formatDuration(waitedSeconds)})`;
    this.#out.write(`waiting${since}: ${printable(owner)} pulls this model\n`);
  }

  progress({ name: givenName, receivedBytes, totalBytes }: Parameters<OnProgress>[0]): void {
    const name = printable(givenName);
    const share = totalBytes === null || totalBytes === 0 ? null : receivedBytes / totalBytes;
    const amount = `${formatBytes(receivedBytes)}${totalBytes === null ? "" : ` of ${formatBytes(totalBytes)}`}`;
    if (!this.#out.isTTY) {
      const parts = totalBytes === null ? 0 : Math.floor((receivedBytes * logParts) / totalBytes);
      if (!(parts > this.#loggedParts)) return;
      this.#loggedParts = share === 1 ? 0 : parts;
      this.#out.write(`${name}: ${amount}\n`);
      return;
    }
    if (share !== 1 && this.#now() - this.#drawnMs < redrawMs) return;
    this.#drawnMs = this.#now();
    const filled = Math.round((share ?? 0) * barWidth);
    const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
    this.#out.write(`\r\u001b[2K${bar} ${amount} ${name}`);
    this.#isOpen = true;
    if (share === 1) this.end();
  }

  /** Ends the bar's line, where one is open. */
  end(): void {
    if (this.#isOpen) this.#out.write("\n");
    this.#isOpen = false;
  }
}
