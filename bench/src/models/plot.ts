import type { ModelMeasure } from "./measure.js";

const widthPx = 860;
const heightPx = 560;
const margin = { left: 80, right: 130, top: 60, bottom: 60 };

/**
 * Multiply-adds against measured time, both logarithmic, as SVG. Networks on one dashed line do equally many operations a
 * second: it would hold them all if FLOPs ordered real speed. The two lines are those of the slowest and the fastest network.
 */
export function plotSvg(models: readonly ModelMeasure[], batch: number, title: string): string {
  // On a CPU that others use too, the clock would measure them as well.
  const isCpu = models.every(({ device }) => device === "cpu");
  const points = models.flatMap(({ name, multiplyAdds, batches }) => {
    const measured = batches.find((measure) => measure.batch === batch);
    return measured ? [{ name, x: multiplyAdds / 1e9, y: isCpu ? measured.cpuMsPerImage : measured.msPerImage }] : [];
  });
  const x = logScale(
    points.map((point) => point.x),
    margin.left,
    widthPx - margin.right,
  );
  const y = logScale(
    points.map((point) => point.y),
    heightPx - margin.bottom,
    margin.top,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}" font-family="sans-serif" font-size="12">`,
    "<title>Multiply-adds against measured time</title>",
    `<rect width="${widthPx}" height="${heightPx}" fill="white"/>`,
    text(margin.left, 30, title, 'font-size="15"'),
    ...x.ticks.map((tick) => gridLine(x.at(tick), margin.top, x.at(tick), heightPx - margin.bottom)),
    ...x.ticks.map((tick) => text(x.at(tick), heightPx - margin.bottom + 18, String(tick), 'text-anchor="middle"')),
    ...y.ticks.map((tick) => gridLine(margin.left, y.at(tick), widthPx - margin.right, y.at(tick))),
    ...y.ticks.map((tick) => text(margin.left - 8, y.at(tick) + 4, String(tick), 'text-anchor="end"')),
    text(widthPx / 2 - 60, heightPx - 18, "billion multiply-adds an image"),
    text(20, margin.top - 12, isCpu ? "CPU ms an image" : "ms an image"),
    ...extremePaces(points).map((gflops) => paceLine(gflops, x, y)),
    ...placed(points, x, y).map(dotWithLabel),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Placed {
  readonly name: string;
  readonly xPx: number;
  readonly yPx: number;
  /** Whether another network is where the label would be. */
  readonly isCrowded: boolean;
}

/** About the size of a label, which stands to the right of its dot. */
const labelPx = { width: 90, height: 14 };

function placed(points: readonly { name: string; x: number; y: number }[], x: Scale, y: Scale): Placed[] {
  const dots = points.map((point) => ({ name: point.name, xPx: x.at(point.x), yPx: y.at(point.y) }));
  return dots.map((dot) => ({
    ...dot,
    isCrowded: dots.some(
      ({ xPx, yPx }) => xPx > dot.xPx && xPx - dot.xPx < labelPx.width && Math.abs(yPx - dot.yPx) < labelPx.height,
    ),
  }));
}

function dotWithLabel({ name, xPx, yPx, isCrowded }: Placed): string {
  const colour = name.includes("efficientnet") ? "#1d6fa5" : "#c4453b";
  const dot = `<circle cx="${xPx.toFixed(1)}" cy="${yPx.toFixed(1)}" r="5" fill="${colour}"/>`;
  const label = name.replace("efficientnet_", "");
  return dot + (isCrowded ? text(xPx - 9, yPx + 4, label, 'text-anchor="end"') : text(xPx + 9, yPx + 4, label));
}

interface Scale {
  at(value: number): number;
  readonly ticks: number[];
  readonly low: number;
  readonly high: number;
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.min(...values) / 1.3;
  const high = Math.max(...values) * 1.3;
  const at = (value: number) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
  const steps = [1, 2, 5].flatMap((digit) => [-3, -2, -1, 0, 1, 2, 3, 4].map((power) => Number(`${digit}e${power}`)));
  return { at, low, high, ticks: steps.filter((tick) => tick >= low && tick <= high).sort((a, b) => a - b) };
}

/** The slowest and the fastest network's pace, in GFLOP/s (a multiply-add is two). */
function extremePaces(points: readonly { x: number; y: number }[]): number[] {
  const paces = points.map(({ x, y }) => (2000 * x) / y);
  return points.length === 0 ? [] : [Math.min(...paces), Math.max(...paces)];
}

function paceLine(gflops: number, x: Scale, y: Scale): string {
  const low = Math.max(x.low, (y.low * gflops) / 2000);
  const high = Math.min(x.high, (y.high * gflops) / 2000);
  const [x1, y1, x2, y2] = [x.at(low), y.at((2000 * low) / gflops), x.at(high), y.at((2000 * high) / gflops)];
  const line = `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#999" stroke-dasharray="4 4"/>`;
  const label = `${gflops.toFixed(0)} GFLOP/s`;
  const endsAtTop = high < x.high;
  return (
    line + (endsAtTop ? text(x2, y2 - 6, label, `${grey} text-anchor="middle"`) : text(x2 + 4, y2 + 4, label, grey))
  );
}

const grey = 'fill="#666"';

function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#e4e4e4"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
