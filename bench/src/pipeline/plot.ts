import type { PipelineResult } from "./result.js";

const widthPx = 860;
const barPx = 46;
/** At most, in the mean of a name and its number. */
const letterPx = 7;
const left = 150;
const right = 40;
const colours: Record<string, string> = {
  list: "#8c8c8c",
  fetch: "#4c9f70",
  decode: "#d08a2e",
  infer: "#1d6fa5",
  write: "#7b5ea7",
  "S3 server": "#c9c9c9",
  worker: "#1d6fa5",
  producer: "#8c8c8c",
  Redis: "#c4453b",
  "not used": "#f2f2f2",
};

/** Two bars of CPU time an image: the stages alone, one after another, and the pipeline by process. */
export function plotSvg(result: PipelineResult): string {
  const { roofline, machine, cpuMsPerImage: cpu } = result;
  const best = roofline?.best ?? [];
  const alone: [string, number][] = best.map(({ stage, cpuMsPerImage }) => [stage, cpuMsPerImage]);
  alone.push(["S3 server", best.reduce((sum, stage) => sum + stage.serverCpuMsPerImage, 0)]);
  const used: [string, number][] = [
    ["worker", cpu.worker],
    ["producer", cpu.producer],
    ["Redis", cpu.redis],
    ["S3 server", cpu.server],
  ];
  const paidMs = (1_000 * machine.cores) / result.steadyImagesPerSecond;
  const usedMs = used.reduce((sum, [, ms]) => sum + ms, 0);
  used.push(["not used", Math.max(0, paidMs - usedMs)]);
  const scale = (widthPx - left - right) / Math.max(paidMs, usedMs, roofline?.cpuMsPerImage ?? 0);
  const title = `${result.model}, ${result.size}: CPU milliseconds an image on ${machine.cores} cores`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} 250" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title><rect width="${widthPx}" height="250" fill="white"/>`,
    `<text x="20" y="30" font-size="15">${title}</text>`,
    bar("stages alone", 60, alone, scale),
    bar("the pipeline", 150, used, scale),
    `<text x="20" y="236">${result.steadyImagesPerSecond.toFixed(1)} of ${roofline?.imagesPerSecond.toFixed(1)} images/s: ${(100 * (result.ratio ?? 0)).toFixed(0)} % of the roofline</text>`,
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function bar(name: string, y: number, pieces: [string, number][], scale: number): string {
  let x = left;
  const drawn = pieces.map(([label, ms]) => {
    const width = ms * scale;
    const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${barPx}" fill="${colours[label]}"><title>${label}: ${ms.toFixed(2)} ms</title></rect>`;
    const text = `${label} ${ms.toFixed(2)}`;
    // What is too narrow for its name has it as a tooltip.
    const hasRoom = width > text.length * letterPx;
    const written = hasRoom ? `<text x="${(x + 4).toFixed(1)}" y="${y + barPx + 15}">${text}</text>` : "";
    x += width;
    return rect + written;
  });
  return `<text x="20" y="${y + barPx / 2 + 4}">${name}</text>${drawn.join("")}`;
}
