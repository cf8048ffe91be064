// `npm run chaos -- --seed N --minutes M [--images N]`: see test/faults/chaos/main.ts.
import { spawnSync } from "node:child_process";
import { root, setUp } from "./setup.mjs";

setUp();
const { status } = spawnSync(process.execPath, ["test/dist/faults/chaos/main.js", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
