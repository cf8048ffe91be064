import { isatty } from "node:tty";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import { redactor } from "@labelfleet/shared/secrets";
import { wasHungUp } from "@labelfleet/shared/shutdown";
import { CommanderError } from "commander";
import { createProgram } from "./program.js";
import { writeErr } from "./view/terminal.js";

/** Commander's own errors (unknown flag, missing argument) are wrong usage; help and version are not errors. */
function exitCodeOfCommander(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : 2;
}

async function main(): Promise<number> {
  const verbose = process.argv.includes("--verbose");
  try {
    let exitCode = 0;
    await createProgram((code) => {
      exitCode = code;
    }).parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOfCommander(error);
    const known = toLabelfleetError(error);
    const redact = redactor(process.env);
    writeErr(redact(`labelfleet: ${known.message} [${known.code}]\n`));
    if (verbose) {
      const stacks = `${(error as Error).stack}\n${known.cause ? `${(known.cause as Error).stack}\n` : ""}`;
      writeErr(redact(stacks));
    }
    return known.exitCode;
  }
}

/** By then every command has released what it holds. */
const lingerMs = 2_000;

const hasTerminal = [0, 1, 2].some((fd) => isatty(fd));

// Whoever reads may stop reading (`| head`), and a terminal may be closed: that is not an error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}
process.exitCode = await main();
// Node's own exit aborts where it cannot reset a terminal that is gone.
if (hasTerminal && wasHungUp()) process.removeAllListeners("SIGHUP").kill(process.pid, "SIGHUP");
// What cannot be released (a connection that looks for a Redis that is gone, a read that hangs) must not keep the process.
setTimeout(() => process.exit(), lingerMs).unref();
