import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkoutDir } from "../containers/checkout.js";
import type { FaultResult } from "./comparison.js";

/** What a round of chaos did. */
export interface ChaosRound {
  images: number;
  lost: number;
  doubled: number;
  /** How often each was injected. */
  faults: Record<string, number>;
}

/** Who injects faults and notes what came of it. */
export type ResultsOf = "faults" | "containers" | "chaos";

const dir = join(checkoutDir, ".cache/faults");

export async function forgetResults(of: ResultsOf): Promise<void> {
  await rm(fileOf(of), { force: true });
}

/** Adds to what this run of the suite has noted so far. */
export function noteResults(of: "faults" | "containers", results: FaultResult[]): Promise<void> {
  return note(of, results);
}

export function noteRound(round: ChaosRound): Promise<void> {
  return note("chaos", [round]);
}

/** The table of docs/guarantees.md, out of what these noted last. */
export async function faultTable(...of: ResultsOf[]): Promise<string> {
  const rows: string[] = [];
  for (const name of of) {
    const noted = await lines(name);
    rows.push(...(name === "chaos" ? chaosRows(noted as ChaosRound[]) : faultRows(noted as FaultResult[])));
  }
  const head = ["| fault | times injected | records checked | lost | doubled |", "|---|---:|---:|---:|---:|"];
  return `${[...head, ...rows].join("\n")}\n`;
}

function faultRows(results: FaultResult[]): string[] {
  return results
    .sort((a, b) => (a.fault < b.fault ? -1 : 1))
    .map((result) => row(result.fault, result.injected, result.images, result.lost, result.doubled));
}

function chaosRows(rounds: ChaosRound[]): string[] {
  const kinds = new Set(rounds.flatMap(({ faults }) => Object.keys(faults)));
  return [...kinds].map((kind) => {
    const those = rounds.filter(({ faults }) => faults[kind] !== undefined);
    const sum = (count: (round: ChaosRound) => number) => those.reduce((total, round) => total + count(round), 0);
    const counts = [sum(({ images }) => images), sum(({ lost }) => lost), sum(({ doubled }) => doubled)];
    return row(
      `chaos: ${kind}`,
      sum(({ faults }) => faults[kind]!),
      ...counts,
    );
  });
}

function row(fault: string, ...counts: number[]): string {
  return `| ${[fault, ...counts.map((count) => count.toLocaleString("en-US"))].join(" | ")} |`;
}

function fileOf(of: ResultsOf): string {
  return join(dir, `${of}.jsonl`);
}

async function note(of: ResultsOf, documents: object[]): Promise<void> {
  await mkdir(dir, { recursive: true });
  await appendFile(fileOf(of), documents.map((document) => `${JSON.stringify(document)}\n`).join(""));
}

/** The documents of a file of one a line; none where it does not exist. */
async function lines(of: ResultsOf): Promise<unknown[]> {
  const text = await readFile(fileOf(of), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}
