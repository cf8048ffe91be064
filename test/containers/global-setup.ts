import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { faultTable, forgetResults } from "../faults/fault-results.js";
import { testLabel } from "./labels.js";

const run = promisify(execFile);

export async function setup(): Promise<void> {
  await forgetResults("containers");
}

/** After the last suite: what the faults did. No container of the tests may be left. */
export async function teardown(): Promise<void> {
  process.stdout.write(`\n${await faultTable("containers")}`);
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
