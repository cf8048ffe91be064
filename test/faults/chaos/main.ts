import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkoutDir } from "../../containers/checkout.js";
import { clonedPhotos } from "../clones.js";
import { noteRound } from "../fault-results.js";
import { FaultRig, stopOnSignal } from "../fault-rig.js";
import { type FaultKind, type PlannedFault, planRound } from "./plan.js";
import { playRound } from "./round.js";

// `npm run chaos -- --seed N --minutes M`: run after run under faults that the seed picks, each to the proof that it is exact.
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    minutes: { type: "string", default: "5" },
    images: { type: "string", default: "2000" },
  },
});
const [seed, minutes, images] = [Number(values.seed), Number(values.minutes), Number(values.images)];
const workers = 3;
const flags = ["--batch-images", "16", "--max-failed", "100%"];
/** Faults of one round; then the fleet is left alone until the run ends. */
const faultsForMs = 45_000;
/** A round is not begun when less than this is left, or less than the longest round took. */
let roundMs = 75_000;

const startedMs = Date.now();
const endMs = startedMs + minutes * 60_000;
say(`chaos --seed ${seed} --minutes ${minutes}: ${images} images, ${workers} workers`);
const { photos, expected } = await clonedPhotos(images);

const total = new Map<FaultKind, number>();
let [passed, failed] = [0, 0];
do {
  const begunMs = Date.now();
  if (await isExact(passed)) passed++;
  else failed++;
  roundMs = Math.max(roundMs, Date.now() - begunMs);
} while (failed === 0 && Date.now() + roundMs < endMs);

await writeCounts(passed, failed);
const byCount = [...total].sort(([, a], [, b]) => b - a);
say(
  `chaos --seed ${seed}: ${passed} rounds passed, ${failed} failed in ${seconds(Date.now() - startedMs)}, ` +
    `${byCount.reduce((sum, [, count]) => sum + count, 0)} faults:`,
);
for (const [kind, count] of byCount) say(`  ${String(count).padStart(4)}  ${kind}`);
process.exitCode = failed === 0 ? 0 : 1;

/** Plays one round and says what came of it: false when its run was not exact, or something was left behind. */
async function isExact(round: number): Promise<boolean> {
  const plan = planRound({ seed, round, forMs: faultsForMs, workers });
  say(`round ${round}, ${plan.length} faults planned:`);
  for (const fault of plan) say(`  ${describeFault(fault)}`);
  const rig = await FaultRig.start({ photos, expected });
  const forgetSignals = stopOnSignal(rig);
  let problems: string[] = [];
  try {
    const result = await playRound(rig, plan, { workers, flags });
    const faults = countKinds(result.injected);
    for (const [kind, count] of faults) total.set(kind, (total.get(kind) ?? 0) + count);
    say(
      `round ${round}: exact after ${seconds(result.seconds * 1_000)} and ${result.injected.length} faults: ${result.images} records, ` +
        `${result.lost} lost, ${result.doubled} doubled, ${result.different} different; ${result.restarts} restarts, ` +
        `each photo read ${result.readsPerImage.toFixed(2)} times`,
    );
    await noteRound({ ...result, faults: Object.fromEntries(faults) });
  } catch (error) {
    problems = [error instanceof Error ? error.message : String(error)];
  }
  problems.push(...(await rig.stop()).map((leak) => `left behind: ${leak}`));
  forgetSignals();
  for (const problem of problems) say(`round ${round} FAILED: ${problem}`);
  if (problems.length > 0) say(`again: npm run chaos -- --seed ${seed} --minutes ${minutes} --images ${images}`);
  return problems.length === 0;
}

function countKinds(faults: PlannedFault[]): Map<FaultKind, number> {
  const counts = new Map<FaultKind, number>();
  for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** The counts of this lane, where those of vitest's lanes lie too. */
async function writeCounts(numPassedTests: number, numFailedTests: number): Promise<void> {
  const dir = join(checkoutDir, ".cache/test-results");
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "chaos.json"), `${JSON.stringify({ numPassedTests, numFailedTests })}\n`);
}

function describeFault({ atMs, kind, durationMs, worker }: PlannedFault): string {
  const time = `${(atMs / 1_000).toFixed(1).padStart(5)} s  ${kind}`;
  const which = kind.endsWith("of a worker") ? ` (${worker})` : "";
  return `${time}${which}${durationMs > 0 ? `, for ${seconds(durationMs)}` : ""}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
