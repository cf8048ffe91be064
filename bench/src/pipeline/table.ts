import type { PipelineResult } from "./result.js";

/** The result for people: stages alone, then the pipeline. */
export function tableOf(result: PipelineResult): string {
  const { roofline, machine, cpuMsPerImage: cpu, mainLoopDelayMs: delay, peakBytes: peak } = result;
  const rows: [string, string][] = [
    [
      "images/s at steady state",
      `${result.steadyImagesPerSecond.toFixed(1)} (runs: ${result.steadyOfRuns.join(", ")})`,
    ],
  ];
  rows.push([
    "other programs' part of the cores",
    `${(100 * result.othersShare).toFixed(0)} %, without them ${result.undisturbedImagesPerSecond.toFixed(1)} images/s`,
  ]);
  if (roofline !== null) {
    rows.push(
      [
        "roofline, images/s",
        `${roofline.imagesPerSecond.toFixed(1)} (${roofline.cpuMsPerImage.toFixed(2)} CPU ms an image)`,
      ],
      ["pipeline / roofline", `${result.ratio?.toFixed(3)} (runs: ${result.ratioOfRuns?.join(", ")})`],
      ["the same without other programs", `${result.undisturbedRatio?.toFixed(3)}`],
    );
  }
  rows.push(
    ["CPU ms an image: worker", cpu.worker.toFixed(2)],
    ["CPU ms an image: producer, Redis", `${cpu.producer.toFixed(2)}, ${cpu.redis.toFixed(2)}`],
    ["CPU ms an image: S3 server", cpu.server.toFixed(2)],
    ["whole command, s", result.commandSeconds.toFixed(2)],
    ["command to first prediction, s", result.firstPredictionSeconds.toFixed(2)],
    ["main loop's delay p50, p99, ms", `${delay.p50}, ${delay.p99}`],
    ["peak memory: workers, Redis, MB", `${(peak.worker / 1e6).toFixed(0)}, ${(peak.redis / 1e6).toFixed(0)}`],
  );
  if (result.differingLabels !== null) {
    rows.push(["labels unlike plain inference", `${result.differingLabels} of ${result.images}`]);
  }
  const head = `${result.model}, ${result.images} photos of ${result.size} (${(result.meanPhotoBytes / 1e3).toFixed(0)} kB each), ${result.workers} worker(s), ${machine.cores} cores of ${machine.cpu}, median of ${result.runs}`;
  const lines = rows.map(([name, value]) => `${name.padEnd(36)}${value}`);
  return `${[head, "", ...stageLines(result), ...lines, "", ...reportLines(result)].join("\n")}\n`;
}

function stageLines({ stages, roofline }: PipelineResult): string[] {
  if (roofline === null) return [];
  const lines = stages.map((measure) => {
    const isBest = roofline.best.some((b) => b.stage === measure.stage && b.concurrency === measure.concurrency)
      ? "  <- best"
      : "";
    return (
      `${measure.stage.padEnd(10)}${String(measure.concurrency).padStart(8)}${measure.imagesPerSecond.toFixed(1).padStart(12)}` +
      `${measure.cpuMsPerImage.toFixed(3).padStart(14)}${measure.serverCpuMsPerImage.toFixed(3).padStart(18)}${isBest}`
    );
  });
  return ["alone      at once    images/s  CPU ms/image  server CPU ms/img", ...lines, ""];
}

function reportLines({ reportStages }: PipelineResult): string[] {
  const lines = reportStages.map(
    ({ stage, msEach, utilisation }) =>
      `${stage.padEnd(10)}${msEach.toFixed(2).padStart(12)}${`${(100 * utilisation).toFixed(0)} %`.padStart(14)}`,
  );
  return ["in the run  ms each     utilisation", ...lines];
}
