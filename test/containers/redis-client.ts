import { once } from "node:events";
import { createConnection } from "node:net";
import type { TestRedis } from "../support/fixtures.js";

/** The fixture's view of a Redis that runs elsewhere. */
export function redisClient(host: string, port: number, stopServer: () => Promise<unknown>): TestRedis {
  const command = (...words: string[]) => sendCommand(host, port, words);
  return {
    url: `redis://${host}:${port}`,
    command,
    flushAll: async () => void (await command("FLUSHALL")),
    stop: async () => void (await stopServer()),
  };
}

/** One command on a connection of its own. Enough for answers that come in one piece, as those of tests do. */
async function sendCommand(host: string, port: number, words: string[]): Promise<string> {
  const socket = createConnection(port, host);
  try {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join("")}`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString("utf8");
  } finally {
    socket.destroy();
  }
}
