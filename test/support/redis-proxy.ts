import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandParser, type RedisCommand } from "./resp.js";

/**
 * "cut": the connection is reset and Redis never sees the command. "lose-answer": Redis executes it, and the connection is reset
 * instead of the answer. Undefined: as usual.
 */
export type RedisInterception = "cut" | "lose-answer" | undefined;

/** May wait before it answers, which holds that connection. */
export type RedisIntercept = (words: string[]) => RedisInterception | Promise<RedisInterception>;

/** Long enough for a command on this machine to be executed. */
const executionMs = 200;

/** The network between clients and a Redis: passes everything on, and holds, cuts or refuses what a test says. */
export class RedisProxy {
  /** Called for every command while set. */
  intercept: RedisIntercept | undefined;
  readonly #server: Server;
  #upstreamPort: number;
  readonly #sockets = new Set<Socket>();
  #isDown = false;

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(upstreamPort: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(upstreamPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  }

  /** Cuts all connections, and refuses new ones until `restore`. */
  down(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  restore(): void {
    this.#isDown = false;
  }

  /** New connections lead to another server, as after a fail-over those do that resolve a name; the others stay. */
  leadTo(upstreamPort: number): void {
    this.#upstreamPort = upstreamPort;
  }

  async close(): Promise<void> {
    this.intercept = undefined;
    this.#isDown = true;
    // Not by a reset: one of a socket that is being shut down leaves its handle open.
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    if (this.#isDown) return void client.resetAndDestroy();
    const upstream = createConnection(this.#upstreamPort, "127.0.0.1");
    const pair = [client, upstream] as const;
    for (const socket of pair) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    upstream.pipe(client);
    const parser = new CommandParser();
    let turn = Promise.resolve();
    client.on("data", (piece: Buffer) => {
      turn = turn.then(() => this.#passOn(parser.push(piece), client, upstream)).catch(() => void client.destroy());
    });
  }

  /** In order: a held command holds those behind it, as a slow network does. */
  async #passOn(commands: RedisCommand[], client: Socket, upstream: Socket): Promise<void> {
    for (const { words, raw } of commands) {
      const fault = await this.intercept?.(words);
      if (fault === "cut") return void client.resetAndDestroy();
      if (fault === "lose-answer") {
        upstream.unpipe(client);
        upstream.resume();
        upstream.write(raw);
        await sleep(executionMs);
        return void client.resetAndDestroy();
      }
      if (upstream.destroyed) return;
      upstream.write(raw);
    }
  }
}

/** Whether a command counts a batch into a run's progress. */
export function isCount([name, , , key = "", field = ""]: string[]): boolean {
  return /^EVAL(SHA)?$/i.test(name ?? "") && /:run:[^:]+$/.test(key) && field.startsWith("b:");
}

/** Whether a command acknowledges a batch: BullMQ's moveToFinished, whose eleventh key is the set of finished jobs. */
export function isAcknowledgement([name, , keyCount, ...keys]: string[]): boolean {
  return /^EVAL(SHA)?$/i.test(name ?? "") && keyCount === "14" && (keys[10] ?? "").endsWith(":batches:completed");
}
