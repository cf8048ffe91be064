import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { MaxFailed } from "@labelfleet/shared/contract/run-spec";
import { formatCount, formatPercent } from "./format.js";

/** How many images of a run failed, and what `--max-failed` allows, in words: "30 of 31 images failed (97 %), …". */
export function failedShareText({ images, failed }: Pick<RunReport, "images" | "failed">, allowed: MaxFailed): string {
  const part = images === 0 ? 0 : failed / images;
  const bound = allowed.kind === "count" ? formatCount(allowed.count) : exactPercent(allowed.share);
  // 10.01 % is more than 10 %, and has to look so.
  const share = formatPercent(part) === bound ? exactPercent(part) : formatPercent(part);
  return `${formatCount(failed)} of ${formatCount(images)} images failed (${share}), and --max-failed allows ${bound}`;
}

function exactPercent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}
