import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** What decides which command repairs a run. */
export interface RunStanding {
  run: string;
  isFinished: boolean;
  isCancelled: boolean;
}

export async function standingOf(folder: RunFolder): Promise<RunStanding> {
  const isFinished = (await folder.store.head(folder.keyOf(runNames.success))) !== null;
  return { run: folder.uri, isFinished, isCancelled: await folder.isCancelled() };
}
