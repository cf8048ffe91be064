/** One command as it went over the wire. */
export interface RedisCommand {
  words: string[];
  raw: Buffer;
}

const lineEnd = Buffer.from("\r\n");

/** Cuts a client's stream into commands: arrays of bulk strings, https://redis.io/docs/latest/develop/reference/protocol-spec/. */
export class CommandParser {
  #rest = Buffer.alloc(0);

  /** The commands that are complete with this piece. Throws on anything that is no command. */
  push(piece: Buffer): RedisCommand[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const commands: RedisCommand[] = [];
    for (;;) {
      const found = this.#next();
      if (found === null) return commands;
      commands.push(found);
    }
  }

  #next(): RedisCommand | null {
    const head = this.#header(0, "*");
    if (head === null) return null;
    const words: string[] = [];
    let at = head.end;
    for (let i = 0; i < head.value; i++) {
      const bulk = this.#header(at, "$");
      if (bulk === null || this.#rest.length < bulk.end + bulk.value + lineEnd.length) return null;
      words.push(this.#rest.toString("utf8", bulk.end, bulk.end + bulk.value));
      at = bulk.end + bulk.value + lineEnd.length;
    }
    const raw = this.#rest.subarray(0, at);
    this.#rest = this.#rest.subarray(at);
    return { words, raw };
  }

  /** The number in a line like "*3" or "$11" at `start`, and where the next line begins. */
  #header(start: number, mark: "*" | "$"): { value: number; end: number } | null {
    const end = this.#rest.indexOf(lineEnd, start);
    if (end === -1) return null;
    const line = this.#rest.toString("latin1", start, end);
    if (!line.startsWith(mark)) throw new Error(`not a Redis command: ${JSON.stringify(line)}`);
    return { value: Number(line.slice(1)), end: end + lineEnd.length };
  }
}
