import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface RedisServer {
  url: string;
  port: number;
  /** Sends one command and resolves to its raw answer (RESP), for checks without a client library. */
  command(...words: string[]): Promise<string>;
  flushAll(): Promise<void>;
  /** Ends the server and removes its folder; may be called twice. */
  stop(): Promise<void>;
  /** kill -9; the folder stays for `stop`. */
  kill(): Promise<void>;
  /** Ends it after it has saved what it holds. Returns its folder, for a server that goes on with it. */
  save(): Promise<string>;
}

const localhost = "127.0.0.1";
const startTimeoutMs = 10_000;

export interface RedisServerOptions {
  /** A free one by default. */
  port?: number;
  /** Where its folder is made; the system's temporary folder by default. */
  temporaryDir?: string;
  /** The folder of a server that saved itself there: it starts with what that one had. */
  folder?: string;
  /** Further settings of redis.conf. */
  settings?: Record<string, string>;
}

/**
 * A real redis-server of this machine on 127.0.0.1, without persistence, that never evicts. Give the port of one that was
 * killed to start an empty one in its place, and its folder to go on with what it saved.
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = options.folder ?? (await mkdtemp(join(options.temporaryDir ?? tmpdir(), "lf-redis-")));
  const port = options.port ?? (await freePort());
  const settings = {
    port,
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    appendonly: "no",
    "maxmemory-policy": "noeviction",
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", args, { stdio: "ignore" });
  // Should this process die without a stop, the server must not outlive it.
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const end = async (signal: NodeJS.Signals) => {
    process.removeListener("exit", killAtExit);
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  try {
    await ready(child, port);
  } catch (error) {
    await end("SIGKILL");
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    command: (...words) => sendRedisCommand(localhost, port, words),
    flushAll: async () => void (await sendRedisCommand(localhost, port, ["FLUSHALL"])),
    stop: async () => {
      await end("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async save() {
      await sendRedisCommand(localhost, port, ["SAVE"]);
      await end("SIGKILL");
      return folder;
    },
  };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = new Error(`redis-server cannot be started; install it first (${error.message})`);
  });
  child.once("exit", (code) => {
    failure ??= new Error(`redis-server ended with ${code} before it was ready`);
  });
  const deadlineMs = Date.now() + startTimeoutMs;
  while (Date.now() < deadlineMs) {
    if (failure) throw failure;
    // Another server may have the port: the one that answers has to be this child.
    const info = await sendRedisCommand(localhost, port, ["INFO", "server"]).catch(() => "");
    if (new RegExp(`^process_id:${child.pid}\r`, "m").test(info)) return;
    await sleep(20);
  }
  throw new Error(`redis-server did not answer within ${startTimeoutMs} ms`);
}

/** One command on a connection of its own. Enough for answers that come in one piece, as those of tests do. */
export async function sendRedisCommand(host: string, port: number, words: string[]): Promise<string> {
  const socket: Socket = createConnection(port, host);
  try {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join("")}`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString("utf8");
  } finally {
    socket.destroy();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
