import type { PeersResult } from "./bench-peers.js";
import type { ContestantSummary } from "./summary.js";

/** The result for people, as a Markdown table. */
export function peersTable(result: PeersResult, rows: readonly ContestantSummary[]): string {
  const { smallImages, largeImages, sameLabel, machine, versions } = result;
  const lines = rows.map((row) =>
    [
      row.name,
      row.smallSeconds.toFixed(1),
      row.largeSeconds.toFixed(1),
      row.marginalImagesPerSecond.toFixed(1),
      row.timesCommand.toFixed(2),
      row.timesMarginal.toFixed(2),
      `${(100 * (sameLabel[row.name] ?? 0)).toFixed(1)} %`,
    ].join(" | "),
  );
  const head = `| | s, ${smallImages} photos | s, ${largeImages} photos | marginal images/s | command, times ours | ours, times its marginal rate | same label |`;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${[
    `${result.size}; ${machine.cpu}, ${machine.cores} cores; ${used.join(", ")}; medians of ${rows[0]?.rounds} rounds`,
    head,
    "|---|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n")}\n`;
}
