// Sums the reports of vitest's lanes, and the rounds of chaos, into the closing line of CI. Usage: count.mjs FOLDER BROKEN_LANES
import { readdirSync, readFileSync } from "node:fs";

const [folder, brokenLanes] = [process.argv[2], Number(process.argv[3])];
let names = [];
try {
  names = readdirSync(folder).filter((name) => name.endsWith(".json"));
} catch {
  // No lane got as far as its tests: the count below says so.
}
let [passed, failed] = [0, 0];
for (const name of names) {
  const report = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
}
// A lane can break without a failing test: lint, a crash, its time limit.
if (failed === 0) failed = brokenLanes;
if (names.length === 0) failed = Math.max(failed, 1);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
