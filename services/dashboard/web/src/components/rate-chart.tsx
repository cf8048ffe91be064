import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import type { Series } from "../../../src/api/overview.js";
import { clock, rate } from "../format";
import { paint } from "../theme";

/** Images per second over time. The chart's library comes by itself: the page is there, and read, before it. */
export function RateChart({ series, height = 180, label }: { series: Series; height?: number; label: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const painted = paint.value;
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [series.atMs.map((ms) => ms / 1_000), series.imagesPerSecond];

  useEffect(() => {
    const element = holder.current!;
    let isGone = false;
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    import("uplot")
      .then(({ default: Plot }) => {
        if (isGone) return;
        element.textContent = "";
        plot.current = new Plot(optionsFor(element, height), data.current, element);
        observer.observe(element);
      })
      .catch((error: unknown) => {
        console.error(error);
        if (!isGone) element.textContent = "The chart could not be loaded: load the page again.";
      });
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [painted, height]);
  useEffect(() => plot.current?.setData(data.current));

  const last = series.imagesPerSecond.at(-1) ?? 0;
  const most = Math.max(0, ...series.imagesPerSecond);
  const summary = `${label}: ${rate(last)} images per second at the end, ${rate(most)} at most`;
  return <div class="chart" style={{ minHeight: height }} ref={holder} role="img" aria-label={summary} />;
}

function optionsFor(element: HTMLElement, height: number): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const grid = { stroke: colour("--line-soft"), width: 1 };
  const axis = { stroke: colour("--quiet"), font, grid, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.15)] } },
    axes: [
      { ...axis, size: 28, space: 72, values: (_plot, seconds) => labelsOf(seconds) },
      { ...axis, size: 44, values: (_plot, values) => values.map((value) => rate(value)) },
    ],
    series: [
      {},
      {
        stroke: colour("--accent"),
        width: 2,
        fill: colour("--accent-wash"),
        points: { show: false },
        label: "images/s",
      },
    ],
    plugins: [readout()],
  };
}

function labelsOf(seconds: number[]): string[] {
  const isFine = seconds.length > 1 && seconds[1]! - seconds[0]! < 60;
  return seconds.map((second) => clock(second * 1_000, isFine));
}

/** The value under the pointer, in a corner of the chart. */
function readout(): uPlot.Plugin {
  let box: HTMLElement;
  return {
    hooks: {
      init: (chart) => {
        box = document.createElement("div");
        box.className = "readout";
        chart.over.append(box);
      },
      setCursor: (chart) => {
        const { idx } = chart.cursor;
        const at = idx == null ? undefined : chart.data[0][idx];
        box.hidden = at === undefined;
        if (at !== undefined)
          box.textContent = `${clock(at * 1_000, true)}  ${rate(chart.data[1]![idx!] ?? 0)} images/s`;
      },
    },
  };
}
