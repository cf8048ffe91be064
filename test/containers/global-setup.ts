import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { testLabel } from "./labels.js";

const run = promisify(execFile);

/** After the last suite: no container of the tests may be left. */
export async function teardown(): Promise<void> {
  const { stdout } = await run("docker", [
    "ps",
    "--all",
    "--filter",
    `label=${testLabel}`,
    "--format",
    "{{.Image}} {{.Names}}",
  ]);
  if (stdout.trim() !== "") throw new Error(`containers were left behind:\n${stdout}`);
}
