// `npm test`: set-up, formatting and lint, types, then every test that needs no container engine.
// `npm run test:containers`: the containers lane alone. Other arguments go to vitest, for example a file's name.
import { spawnSync } from "node:child_process";
import { fail, root, setUp } from "./setup.mjs";

const given = process.argv.slice(2);
const containers = given.includes("--containers");
const filters = given.filter((argument) => argument !== "--containers");
const lane = containers ? "containers" : "all";

setUp();

function step(name, args) {
  const { status } = spawnSync("npx", ["--no-install", ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail(`${name} failed`);
}

if (!containers && filters.length === 0) {
  step("lint", ["biome", "check", "--error-on-warnings", "."]);
  step("type check", ["tsc", "-b"]);
}
const config = containers ? ["--config", "test/vitest.containers.config.ts"] : [];
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=.cache/test-results/${lane}.json`];
step("the tests", ["vitest", "run", ...config, ...reporters, ...filters]);
