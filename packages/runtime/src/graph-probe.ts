import { type ChildProcess, fork } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { LabelfleetError } from "@labelfleet/shared/errors";

/** What the process that runs the graph sends, once. */
export type FromProbe = { type: "rows"; rows: Float32Array[] } | { type: "failed"; message: string };

export interface ProbeLimits {
  /** For loading the graph and running it on the test images. */
  readonly maxMs: number;
  /** Of memory, beside a multiple of the file. */
  readonly maxExtraBytes: number;
}

/** EfficientNet-B7's size takes 10 s on one slow core. */
const usualLimits: ProbeLimits = { maxMs: 120_000, maxExtraBytes: 3 * 1024 ** 3 };
/** onnxruntime keeps the file, its own layout of the weights, and what it folds. */
const fileFactor = 5;
/** What onnxruntime says of an operator that a GPU may have. */
const notOnCpu = "Could not find an implementation for";
const watchEveryMs = 20;
/** A page of Linux on all machines that onnxruntime-node is built for; larger pages only make the watch stricter later. */
const pageBytes = 4_096;

/** Seen from src/ and dist/ alike: a process needs what was built. */
const entry = fileURLToPath(new URL("../dist/graph-probe-process.js", import.meta.url));

/** A graph of strangers is run with no secret beside it. */
const secretVariables = /^(AWS_|REDIS_URL$|LABELFLEET_DASHBOARD_TOKEN$|HF_TOKEN$)/;

/**
 * Loads a graph and runs it on a few made-up images in a process of its own, which is killed when it takes too long or too much
 * memory: files of strangers may allocate or loop for ever.
 *
 * @param source what to call the graph in messages
 * @returns the scores of each image; null where only another device than the CPU has the graph's operators
 * @throws LabelfleetError MODEL_INVALID when onnxruntime refuses the graph, or it goes over a limit
 */
export async function probeGraph(
  { modelPath, source }: { modelPath: string; source: string },
  limits: ProbeLimits = usualLimits,
): Promise<Float32Array[] | null> {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  const maxBytes = limits.maxExtraBytes + fileFactor * (await stat(modelPath)).size;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secretVariables.test(name)));
  const child = fork(entry, [modelPath], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [],
    env,
  });
  let over: string | undefined;
  const end = (why: string) => {
    over ??= why;
    child.kill("SIGKILL");
  };
  const late = setTimeout(() => end(`its graph did not end within ${limits.maxMs / 1000} s`), limits.maxMs);
  const watch = setInterval(() => {
    void memoryOf(child).then((bytes) => {
      if (bytes > maxBytes) end(`its graph takes more than ${(maxBytes / 1024 ** 3).toFixed(1)} GiB for one image`);
    });
  }, watchEveryMs);
  try {
    const answer = await answerOf(child);
    if (over !== undefined) throw invalid(over);
    if (answer.type === "rows") return answer.rows;
    if (answer.message.includes(notOnCpu)) return null;
    throw invalid(answer.message.replace(`${modelPath}: `, "").replaceAll(modelPath, "the file"));
  } finally {
    clearTimeout(late);
    clearInterval(watch);
    child.kill("SIGKILL");
  }
}

function answerOf(child: ChildProcess): Promise<FromProbe> {
  return new Promise((resolve) => {
    child.once("message", (message: FromProbe) => resolve(message));
    child.once("error", ({ message }) => resolve({ type: "failed", message: `it could not be tried: ${message}` }));
    child.once("exit", (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      resolve({
        type: "failed",
        message: `onnxruntime ended while it ran the graph (${how}); is there enough memory?`,
      });
    });
  });
}

/** Resident bytes; 0 where the system does not say. */
async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "");
  return Number(statm.split(" ")[1] ?? 0) * pageBytes;
}
