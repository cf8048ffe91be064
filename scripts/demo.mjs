import { spawnSync } from "node:child_process";
import { root, setUp } from "./setup.mjs";

setUp();
// Ctrl-C reaches the demo too, which cleans up; this process only has to wait for it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
const demo = spawnSync(process.execPath, ["demo/dist/main.js", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(demo.status ?? 1);
