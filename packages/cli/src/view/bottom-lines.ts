import { printable } from "@labelfleet/shared/printable";

/** What `BottomLines` needs of a terminal. */
export type Terminal = Pick<NodeJS.WriteStream, "write" | "isTTY" | "rows" | "columns">;

/** Lines that are left for everything else; a smaller terminal gets no bottom lines. */
const minRowsAbove = 5;
const minColumns = 40;

/** Whether a stream is a terminal on which `lines` can be kept apart. */
export function hasRoomFor(out: Terminal, lines: number): boolean {
  return out.isTTY === true && (out.rows ?? 0) >= lines + minRowsAbove && (out.columns ?? 0) >= minColumns;
}

/**
 * Lines at a terminal's bottom that stay there, while all other output, also of other processes, scrolls above them: the
 * terminal's scrolling region ends before them (DECSTBM of https://vt100.net/docs/vt510-rm/DECSTBM.html).
 */
export class BottomLines {
  readonly #out: Terminal;
  readonly #count: number;
  /** Of the terminal, when the region was set; null before the first draw and after the end. */
  #rows: number | null = null;

  constructor(out: Terminal, count: number) {
    this.#out = out;
    this.#count = count;
  }

  draw(lines: readonly string[]): void {
    const rows = this.#out.rows ?? 0;
    if (this.#rows !== rows) this.#reserve(rows);
    const columns = this.#out.columns ?? 80;
    const drawn = lines
      .slice(0, this.#count)
      .map(
        (line, i) =>
          `${cursorTo(rows - this.#count + 1 + i)}${clearLine}${[...printable(line)].slice(0, columns).join("")}`,
      );
    this.#out.write(saveCursor + drawn.join("") + restoreCursor);
  }

  /** Gives the lines back, and leaves the cursor where they began. Ending twice is fine. */
  end(): void {
    if (this.#rows === null) return;
    this.#out.write(`${wholeRegion}${cursorTo(this.#rows - this.#count + 1)}${clearBelow}`);
    this.#rows = null;
  }

  #reserve(rows: number): void {
    const last = rows - this.#count;
    // What stands there scrolls up; then everything else stays above.
    this.#out.write(`${wholeRegion}${cursorTo(rows)}${"\n".repeat(this.#count)}${region(last)}${cursorTo(last)}`);
    this.#rows = rows;
  }
}

const esc = "\u001b";
const saveCursor = `${esc}7`;
const restoreCursor = `${esc}8`;
const clearLine = `${esc}[2K`;
const clearBelow = `${esc}[J`;
const wholeRegion = `${esc}[r`;
const region = (last: number) => `${esc}[1;${last}r`;
const cursorTo = (row: number) => `${esc}[${row};1H`;
