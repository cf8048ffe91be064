import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCatalog, LabelfleetError } from "@labelfleet/shared/errors";
import { sleep } from "@labelfleet/shared/shutdown";
import { temporaryFolder } from "@labelfleet/shared/storage/scratch-errors";

/** What is wrong with a run or its surroundings shows within this time; a producer that lives longer is left alone. */
const watchedMs = 3_000;
const keptWords = 4_096;

export interface ProducerProcessOptions {
  /** The command line's program and its first words, for example node and labelfleet.js. */
  command: readonly string[];
  redisUrl: string;
  env: NodeJS.ProcessEnv;
}

/**
 * `labelfleet resume` or `retry` as a process of its own, in a session of its own: the run must go on when the dashboard ends, and
 * must not share its memory. Its log is a file that has no name any more, so nothing is left behind and nothing blocks it.
 *
 * @throws what the command says when it ends with an error at once: INTERNAL with its last line
 */
export async function startProducer(options: ProducerProcessOptions, words: string[]): Promise<void> {
  const [program, ...first] = options.command;
  const log = await namelessFile();
  try {
    const child = spawn(program!, [...first, ...words], {
      detached: true,
      stdio: ["ignore", "ignore", log.fd],
      env: {
        ...options.env,
        REDIS_URL: options.redisUrl,
        LABELFLEET_DASHBOARD_TOKEN: undefined,
        LABELFLEET_METRICS_PORT: undefined,
      },
    });
    const failed = await failureWithin(child, watchedMs);
    child.unref();
    if (failed === null) return;
    const from = Math.max(0, (await log.stat()).size - keptWords);
    const { bytesRead, buffer } = await log.read(Buffer.alloc(keptWords), 0, keptWords, from);
    const said = buffer.toString("utf8", 0, bytesRead).trim().split("\n").at(-1);
    throw new LabelfleetError("INTERNAL", said || `labelfleet ${words[0]} ${failed}`);
  } finally {
    await log.close();
  }
}

/** That more images failed than --max-failed allows is shown on the run's page: the command did what it was told. */
const goodEnds: unknown[] = [0, errorCatalog.TOO_MANY_FAILED.exitCode];

/** How the process failed, or null when it runs on or ended well. */
async function failureWithin(child: ChildProcess, ms: number): Promise<string | null> {
  const done = new AbortController();
  const ended = once(child, "exit").then(
    ([code, signal]) => (goodEnds.includes(code) ? null : `ended with ${signal ?? `exit code ${code}`}`),
    (error: Error) => `cannot be started: ${error.message}`,
  );
  try {
    return await Promise.race([ended, sleep(ms, done.signal).then(() => null)]);
  } finally {
    done.abort();
  }
}

async function namelessFile() {
  const dir = await temporaryFolder("lf-producer-");
  try {
    return await open(join(dir, "log"), "w+", 0o600);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
