import { spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { recordsOf } from "../pipeline/records.js";
import { endedRun } from "../pipeline/run-once.js";
import type { BenchS3 } from "../pipeline/s3/memory-s3-process.js";

const scripts = fileURLToPath(new URL("../../peers/", import.meta.url));
const outFolder = fileURLToPath(new URL("../../../.cache/bench/peers-out", import.meta.url));

export const bucket = "bench";
export const prefix = "photos/";

export interface Outcome {
  /** From the start of the command to its end. */
  seconds: number;
  /** Class by photo name. */
  labels: Map<string, number>;
}

export interface Contestant {
  name: string;
  /** As somebody would type it, for the report. */
  variant: string;
  /** Whether it infers with the same graph as the first contestant, in float32. */
  isExact: boolean;
  run(s3: BenchS3): Promise<Outcome>;
}

/** `labelfleet run` with a bundled model or a model folder. */
export function ours(name: string, model: string, isExact: boolean): Contestant {
  const args = [`s3://${bucket}/${prefix.replace(/\/$/, "")}`, "--out", `s3://${bucket}/labels`, "--model", model];
  return {
    name,
    isExact,
    variant: `labelfleet run --model ${basename(model)}`,
    async run(s3) {
      // The run's folder is read in this process.
      Object.assign(process.env, s3.env);
      const { commandSeconds, report } = await endedRun(args, { s3Env: s3.env });
      const labels = new Map<string, number>();
      for await (const { key, top } of recordsOf(report.run)) {
        const best = top?.[0];
        if (best !== undefined) labels.set(basename(key), best.index);
      }
      return { seconds: commandSeconds, labels };
    },
  };
}

export interface PeerModel {
  python: string;
  /** ONNX file. */
  model: string;
  inputPx: number;
  cropPct: number;
}

/** A script of bench/peers with its flags. */
export function peer(name: string, script: string, flags: string[], peerModel: PeerModel): Contestant {
  const { python, model, inputPx, cropPct } = peerModel;
  return {
    name,
    isExact: true,
    variant: [script, ...flags].join(" "),
    async run(s3) {
      await rm(outFolder, { recursive: true, force: true });
      const work = ["--model", model, "--bucket", bucket, "--prefix", prefix, "--out", outFolder];
      const shape = ["--input-px", String(inputPx), "--crop-pct", String(cropPct)];
      const args = [join(scripts, script), ...work, ...shape, ...flags];
      const startedMs = Date.now();
      await completed(python, args, { ...process.env, ...s3.env, AWS_DEFAULT_REGION: s3.env.AWS_REGION });
      return { seconds: (Date.now() - startedMs) / 1_000, labels: await writtenLabels(outFolder) };
    },
  };
}

function completed(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  let said = "";
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${args[0]} ended with ${code}:\n${said}`));
    });
  });
}

/** From the peers' own files: a JSON object of key and index in each line. */
async function writtenLabels(folder: string): Promise<Map<string, number>> {
  const labels = new Map<string, number>();
  for (const file of await readdir(folder)) {
    const lines = (await readFile(join(folder, file), "utf8")).split("\n").filter((line) => line !== "");
    for (const line of lines) {
      const { key, index } = JSON.parse(line) as { key: string; index: number };
      labels.set(basename(key), index);
    }
  }
  return labels;
}
