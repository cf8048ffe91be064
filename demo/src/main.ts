import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { Releasers } from "@labelfleet/shared/releasers";
import { listenForShutdown } from "@labelfleet/shared/shutdown";
import { runDemo } from "./demo.js";

const interruptedExitCode = 130;

async function main(): Promise<number> {
  const shutdown = listenForShutdown();
  const releasers = new Releasers();
  try {
    await runDemo(releasers, shutdown.signal);
    return 0;
  } catch (error) {
    if (shutdown.signal.aborted) {
      process.stderr.write("The demo was stopped.\n");
      return interruptedExitCode;
    }
    const { message } = toLabelfleetError(error);
    process.stderr.write(`demo: ${message}\n`);
    if (!(error instanceof LabelfleetError)) process.stderr.write(`${(error as Error).stack}\n`);
    return 1;
  } finally {
    await releasers.releaseAll((name, error) => process.stderr.write(`${name}: ${toLabelfleetError(error).message}\n`));
    shutdown.release();
  }
}

process.exitCode = await main();
