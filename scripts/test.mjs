// `npm test`: set-up, lint, types, then every test that needs no container engine and not many minutes. `--lane hostile`, `--lane recovery`,
// `--lane faults`, `--lane containers` and `--lane readers` run those tests alone. Other arguments go to vitest, for example a file's name.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { fail, root, setUp } from "./setup.mjs";

const { values, positionals: filters } = parseArgs({
  options: { lane: { type: "string", default: "all" } },
  allowPositionals: true,
});
const lanes = {
  all: filters,
  containers: ["--config", "test/vitest.containers.config.ts", ...filters],
  faults: ["--config", "test/vitest.faults.config.ts", ...filters],
  hostile: ["--config", "test/vitest.hostile.config.ts", ...filters],
  recovery: ["--config", "test/vitest.recovery.config.ts", ...filters],
  readers: ["test/e2e/readers.test.ts"],
};
const vitestArguments = lanes[values.lane];
if (!vitestArguments) fail(`no lane "${values.lane}": there is ${Object.keys(lanes).join(", ")}`);

// The other lanes open no page.
setUp(values.lane === "all" ? ["chromium"] : []);

function step(name, args) {
  const { status } = spawnSync("npx", ["--no-install", ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail(`${name} failed`);
}

if (values.lane === "all" && filters.length === 0) {
  step("lint", ["biome", "check", "--error-on-warnings", "."]);
  step("type check", ["tsc", "-b"]);
}
if (values.lane === "readers") process.env.LABELFLEET_READER_TESTS = "1";
const reporters = [
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${root}.cache/test-results/${values.lane}.json`,
];
step("the tests", ["vitest", "run", ...reporters, ...vitestArguments]);
