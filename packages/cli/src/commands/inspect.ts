import { readFinished, reportOf } from "@labelfleet/producer/finalize/finalize-run";
import { verifyRun } from "@labelfleet/producer/report/verify";
import { errorCatalog } from "@labelfleet/shared/errors";
import { printable } from "@labelfleet/shared/printable";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "../command-context.js";
import { keepHeapSmall } from "../small-heap.js";
import { formatCount } from "../view/format.js";
import { reportText } from "../view/report-view.js";
import { writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

const incomplete = errorCatalog.RUN_INCOMPLETE.exitCode;
const shownProblems = 20;

/** The report of a finished run, or what can be said of an unfinished one so far (exit code 1). */
export function report(context: CommandContext, uri: string): Promise<number> {
  keepHeapSmall();
  return withReleasers(context, async (releasers) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const spec = await folder.readSpec();
    const document = (await readFinished(folder)) ?? (await reportOf(folder, spec)).report;
    if (context.json) printJson(document);
    else writeOut(reportText(document));
    return document.complete ? 0 : incomplete;
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
    const counts = `${formatCount(images)} images, ${formatCount(records)} records`;
    if (complete) {
      writeOut(`Complete: ${counts}, every image has exactly one record per model\n`);
      return 0;
    }
    writeOut(`NOT complete: ${counts}, ${formatCount(problemCount)} problems\n`);
    for (const problem of problems.slice(0, shownProblems)) writeOut(`  ${printable(problem.message)}\n`);
    if (problemCount > shownProblems) writeOut(`  and ${formatCount(problemCount - shownProblems)} more\n`);
    writeOut(`Repair it with: npx labelfleet resume ${folder.uri}\n`);
    return incomplete;
  });
}
