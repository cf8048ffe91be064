import { checkNotCancelled, uncancelRun, unpauseRun } from "@labelfleet/producer/control";
import { resumeRun } from "@labelfleet/producer/mend/resume-run";
import type { CommandContext } from "../command-context.js";
import { type ContinueFlags, continueRun } from "../continue-run.js";
import { follow } from "../follow-run.js";

export interface ResumeFlags extends ContinueFlags {
  force?: boolean;
}

/** A producer again for a run that was interrupted, paused or damaged. @throws RUN_CANCELLED unless forced */
export function resume(context: CommandContext, uri: string, flags: ResumeFlags): Promise<number> {
  return continueRun(context, uri, flags, {
    check: flags.force ? uncancelRun : checkNotCancelled,
    work: async (run) => {
      await unpauseRun(run.redis, run.spec);
      return follow(context, run, resumeRun, `npx labelfleet resume ${run.folder.uri}`);
    },
  });
}
