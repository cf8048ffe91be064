import { expect, test } from "vitest";
import { BottomLines, hasRoomFor, type Terminal } from "./bottom-lines.js";

/** A terminal that understands as much as `BottomLines` says: what it shows, row by row. */
class Screen implements Terminal {
  readonly isTTY = true;
  readonly columns = 40;
  rows = 12;
  readonly shown: string[] = Array.from({ length: 20 }, () => "");
  #row = 1;
  #column = 1;
  #saved: [number, number] = [1, 1];
  #last = 12;

  write = (text: string | Uint8Array): boolean => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is made of them
    for (const token of String(text).match(/\u001b\[[\d;]*[A-Za-z]|\u001b[78]|\n|[^\u001b\n]+/g) ?? [])
      this.#take(token);
    return true;
  };

  #take(token: string): void {
    if (token === "\n") this.#newLine();
    else if (token === "\u001b7") this.#saved = [this.#row, this.#column];
    else if (token === "\u001b8") [this.#row, this.#column] = this.#saved;
    else if (token === "\u001b[2K") this.shown[this.#row] = "";
    else if (token === "\u001b[J") this.shown.fill("", this.#row);
    else if (token === "\u001b[r") this.#last = this.rows;
    else if (isControl(token, "r")) this.#last = Number(token.split(";")[1]!.slice(0, -1));
    else if (isControl(token, "H")) [this.#row, this.#column] = [Number(token.slice(2).split(";")[0]), 1];
    else {
      this.shown[this.#row] = this.shown[this.#row]!.padEnd(this.#column - 1).slice(0, this.#column - 1) + token;
      this.#column += token.length;
    }
  }

  #newLine(): void {
    this.#column = 1;
    if (this.#row < this.#last) this.#row += 1;
    else {
      this.shown.splice(1, 1);
      this.shown.splice(this.#last, 0, "");
    }
  }
}

function isControl(token: string, letter: string): boolean {
  return token.startsWith("\u001b[") && token.endsWith(letter);
}

test("what others write scrolls above the lines, and they are redrawn in place", () => {
  const screen = new Screen();
  screen.write("before\n");
  const lines = new BottomLines(screen, 2);
  lines.draw(["one", "two"]);
  for (let i = 0; i < 15; i++) screen.write(`log ${i}\n`);
  lines.draw(["three", "four"]);
  expect(screen.shown.slice(11, 13)).toEqual(["three", "four"]);
  expect(screen.shown.slice(1, 11).filter((line) => line !== "")).toEqual(
    Array.from({ length: 9 }, (_, i) => `log ${i + 6}`),
  );
});

test("at the end the lines are gone and the whole screen scrolls again", () => {
  const screen = new Screen();
  const lines = new BottomLines(screen, 2);
  lines.draw(["one", "two"]);
  screen.write("a log line\n");
  lines.end();
  lines.end();
  screen.write("report\n");
  expect(screen.shown).not.toContain("one");
  expect(screen.shown).toContain("a log line");
  expect(screen.shown[11]).toBe("report");
});

test("a line longer than the terminal is wide does not spill into the next", () => {
  const screen = new Screen();
  new BottomLines(screen, 2).draw(["x".repeat(100), "y"]);
  expect(screen.shown.slice(11, 13)).toEqual(["x".repeat(40), "y"]);
});

test("files and small terminals have no room", () => {
  const screen = new Screen();
  expect(hasRoomFor(screen, 7)).toBe(true);
  expect(hasRoomFor({ ...screen, isTTY: false, write: screen.write }, 7)).toBe(false);
  screen.rows = 11;
  expect(hasRoomFor(screen, 7)).toBe(false);
});
