import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { skippedWords } from "@labelfleet/shared/contract/skipped-words";
import { printable } from "@labelfleet/shared/printable";
import { counted, formatBytes, formatCount, formatDuration, formatPercent, formatTable } from "./format.js";

/** The throughput report for people. */
export function reportText(report: RunReport): string {
  const lines = [
    `${report.complete ? "Complete" : "INCOMPLETE"}: ${counted(report.images, "image")}, ${formatCount(report.ok)} ok, ${formatCount(report.failed)} failed`,
    ...failures(report),
    ...carriedOver(report),
    `${report.imagesPerSecond.toFixed(1)} images/s over ${formatDuration(report.wallSeconds)}${steady(report)}`,
    ...details(report),
    ...skipped(report),
    "",
    formatTable(
      ["stage", "count", "busy s", "utilisation", "share"],
      report.stages.map((stage) => [
        stage.stage,
        formatCount(stage.count),
        stage.busySeconds.toFixed(1),
        formatPercent(stage.utilisation),
        formatPercent(stage.share),
      ]),
    ),
    printable(report.bottleneck),
    "",
    formatTable(
      ["worker", "device", "images", "images/s", "loop delay p99 ms", "peak memory"],
      report.workers.map((worker) => [
        worker.workerId,
        worker.device,
        formatCount(worker.images),
        worker.imagesPerSecond.toFixed(1),
        worker.eventLoopDelayMsP99.toFixed(1),
        formatBytes(worker.peakRssBytes),
      ]),
    ),
    `Run: ${printable(report.run)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function failures(report: RunReport): string[] {
  const codes = Object.entries(report.failedByCode).sort(([, a], [, b]) => b - a);
  return codes.length === 0
    ? []
    : [`Failed: ${codes.map(([code, count]) => `${formatCount(count)} ${printable(code)}`).join(", ")}`];
}

function carriedOver({ carriedOver: images }: RunReport): string[] {
  return images === 0 ? [] : [`${formatCount(images)} of them unchanged, taken from an earlier run`];
}

function steady({ steadyImagesPerSecond }: RunReport): string {
  return steadyImagesPerSecond === null ? "" : `, ${steadyImagesPerSecond.toFixed(1)} images/s at steady state`;
}

function details(report: RunReport): string[] {
  const parts = [`${formatBytes(report.bytesRead)} read`];
  if (report.timeToFirstPredictionSeconds !== null) {
    parts.push(`first prediction after ${report.timeToFirstPredictionSeconds.toFixed(1)} s`);
  }
  if (report.meanInferenceBatch !== null) parts.push(`mean inference batch ${report.meanInferenceBatch.toFixed(1)}`);
  if (report.queueWaitSeconds !== null) parts.push(`mean queue wait ${report.queueWaitSeconds.mean.toFixed(1)} s`);
  return [parts.join(" · ")];
}

function skipped(report: RunReport): string[] {
  const words = skippedWords(report.skipped);
  return words.length === 0 ? [] : [`Skipped ${printable(words.join("; "))}`];
}
