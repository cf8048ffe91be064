import { spawnSync } from "node:child_process";
import { root, setUp } from "./setup.mjs";

setUp();
const demo = spawnSync(process.execPath, ["demo/dist/main.js", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(demo.status ?? 1);
