import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkoutDir } from "../containers/checkout.js";
import type { FaultResult } from "./fault-case.js";

// `node test/dist/faults/fault-table.js`: the table of docs/guarantees.md out of the last run of `npm run test:faults`, and what
// chaos has injected since.
interface ChaosRound {
  images: number;
  lost: number;
  doubled: number;
  /** How often each was injected. */
  faults: Record<string, number>;
}

const results = await lines<FaultResult>("results.jsonl");
const rounds = await lines<ChaosRound>("chaos.jsonl");
const rows = results
  .sort((a, b) => (a.fault < b.fault ? -1 : 1))
  .map((result) => row(result.fault, result.injected, result.images, result.lost, result.doubled));
for (const kind of new Set(rounds.flatMap(({ faults }) => Object.keys(faults)))) {
  const those = rounds.filter(({ faults }) => faults[kind] !== undefined);
  const sum = (count: (round: ChaosRound) => number) => those.reduce((total, round) => total + count(round), 0);
  const injected = sum(({ faults }) => faults[kind]!);
  rows.push(
    row(
      `chaos: ${kind}`,
      injected,
      sum(({ images }) => images),
      sum(({ lost }) => lost),
      sum((r) => r.doubled),
    ),
  );
}
const head = ["| fault | times injected | records checked | lost | doubled |", "|---|---:|---:|---:|---:|"];
process.stdout.write(`${[...head, ...rows].join("\n")}\n`);

function row(fault: string, ...counts: number[]): string {
  return `| ${[fault, ...counts.map((count) => count.toLocaleString("en-US"))].join(" | ")} |`;
}

/** The documents of a file of one a line; none where it does not exist. */
async function lines<T>(name: string): Promise<T[]> {
  const text = await readFile(join(checkoutDir, ".cache/faults", name), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
