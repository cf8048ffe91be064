import { checkedReport } from "@labelfleet/producer/report/checked-report";
import { verifyRun } from "@labelfleet/producer/report/verify";
import { errorCatalog } from "@labelfleet/shared/errors";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "../command-context.js";
import { standingOf } from "../run-standing.js";
import { keepHeapSmall } from "../small-heap.js";
import { counted } from "../view/format.js";
import { problemLines } from "../view/problem-lines.js";
import { reportText } from "../view/report-view.js";
import { writeErr, writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

const incomplete = errorCatalog.RUN_INCOMPLETE.exitCode;

/**
 * The report of a finished run, compared with its folder, or what can be said of an unfinished one so far (exit code 1). Of a run
 * that lost something since, what the folder holds now, and what is missing (exit code 1).
 */
export function report(context: CommandContext, uri: string): Promise<number> {
  keepHeapSmall();
  return withReleasers(context, async (releasers) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const spec = await folder.readSpec();
    const { report: document, problems, problemCount: total } = await checkedReport(folder, spec);
    if (context.json) printJson(problems.length === 0 ? document : { ...document, problems });
    else writeOut(reportText(document));
    if (document.complete) return 0;
    if (problems.length > 0) writeErr(problemLines({ total, kept: problems }, await standingOf(folder)));
    return incomplete;
  });
}

/** Proof that every object has exactly one record per model; names what is wrong otherwise (exit code 1). */
export function verify(context: CommandContext, uri: string): Promise<number> {
  keepHeapSmall();
  return withReleasers(context, async (releasers) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const verification = await verifyRun(folder);
    const { complete, images, records, problems, problemCount } = verification;
    if (context.json) {
      printJson({ run: folder.uri, ...verification });
      return complete ? 0 : incomplete;
    }
    const counts = `${counted(images, "image")}, ${counted(records, "record")}`;
    if (complete) {
      writeOut(`Complete: ${counts}, every image has exactly one record per model\n`);
      return 0;
    }
    writeOut(`NOT complete: ${counts}, ${counted(problemCount, "problem")}\n`);
    writeOut(problemLines({ total: problemCount, kept: problems }, await standingOf(folder)));
    return incomplete;
  });
}
