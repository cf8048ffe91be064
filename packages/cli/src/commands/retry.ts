import { checkComplete, retryRun } from "@labelfleet/producer/retry/retry-run";
import type { ErrorCode } from "@labelfleet/shared/errors";
import type { CommandContext } from "../command-context.js";
import { type ContinueFlags, continueRun } from "../continue-run.js";
import { follow } from "../follow-run.js";

export interface RetryFlags extends ContinueFlags {
  code?: ErrorCode;
}

/** The failed images of a complete run again: those with the code, or all that may succeed later. @throws RUN_INCOMPLETE */
export function retry(context: CommandContext, uri: string, flags: RetryFlags): Promise<number> {
  const { code = null } = flags;
  const again = `npx labelfleet retry ${uri}${code === null ? "" : ` --code ${code}`}`;
  const idle =
    code === null
      ? "Nothing to retry: no image failed in a way that a retry may mend (--code chooses others by their code). The report is unchanged"
      : `Nothing to retry: no image failed with ${code}. The report is unchanged`;
  return continueRun(context, uri, flags, {
    check: async (folder) => void (await checkComplete(folder)),
    work: (run) => follow(context, run, (options) => retryRun({ ...options, code }), again, idle),
  });
}
