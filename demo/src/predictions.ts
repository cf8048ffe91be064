import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Prediction, predictionSchema } from "@labelfleet/shared/contract/prediction";

/** Every record of a run's folder, as any reader of JSON lines would see them. */
export async function readPredictions(run: string): Promise<Prediction[]> {
  const folder = join(run, "predictions");
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".jsonl")).sort();
  const shards = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const lines = shards.flatMap((shard) => shard.split("\n").filter((line) => line !== ""));
  return lines.map((line) => predictionSchema.parse(JSON.parse(line)));
}

/** The most probable label of a photo; null for one that failed. */
export function topOf(prediction: Prediction): { label: string; probability: number } | null {
  return prediction.top?.[0] ?? null;
}
