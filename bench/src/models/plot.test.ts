import { expect, test } from "vitest";
import type { ModelMeasure } from "./measure.js";
import { plotSvg } from "./plot.js";

function measured(name: string, multiplyAdds: number, cpuMsPerImage: number): ModelMeasure {
  const batch = { batch: 1, msPerImage: 0, cpuMsPerImage, imagesPerSecond: 0, gflops: 0, peakRssBytes: 0 };
  const model = { name, device: "cpu", inputPx: 224, parameters: 1, multiplyAdds, openMs: 1, loadedBytes: 1 };
  return { ...model, batches: [batch], leftOut: [] };
}

test("a label goes to the other side of its dot where another network lies in its way", () => {
  const alone = measured("efficientnet_b0", 0.4e9, 17);
  const svg = plotSvg([alone, measured("densenet169", 3.4e9, 95), measured("resnet50", 4.1e9, 96)], 1, "title");
  const anchorOf = (name: string) => new RegExp(`<text [^>]*?(end)?"?>${name}<`).exec(svg)?.[1];
  expect(anchorOf("densenet169")).toBe("end");
  expect(anchorOf("resnet50")).toBeUndefined();
  expect(anchorOf("b0")).toBeUndefined();
});

test("the dashed lines are the paces of the slowest and the fastest network", () => {
  const svg = plotSvg([measured("slow", 1e9, 40), measured("between", 2e9, 60), measured("fast", 4e9, 80)], 1, "title");
  expect(svg.match(/\d+ GFLOP\/s/g)).toEqual(["50 GFLOP/s", "100 GFLOP/s"]);
});
