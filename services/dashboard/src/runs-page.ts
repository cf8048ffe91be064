import { type Html, html } from "./html.js";
import { page } from "./page.js";
import type { FleetView, RunView } from "./runs.js";

/** The page at /. Without scripts the browser reloads it; with them `refresh.js` replaces <main> only. */
export function runsPage(fleet: FleetView): string {
  return page(
    "Runs",
    html`<script src="/refresh.js" defer></script>
    <noscript><meta http-equiv="refresh" content="2"></noscript>`,
    html`<header>
      <h1>labelfleet</h1>
      <nav><a href="/" aria-current="page">Runs</a> <a href="/queues/">Queues</a></nav>
    </header>
    <main id="fleet" aria-live="off">${fleetSection(fleet)}</main>`,
  );
}

function fleetSection({ runs, workers }: FleetView): Html {
  const rate = workers.reduce((sum, worker) => sum + worker.imagesPerSecond, 0);
  return html`<p class="fleet">${plural(workers.length, "worker")} alive, ${perSecond(rate)}</p>
    ${
      runs.length === 0
        ? html`<p class="empty">No runs yet. Start one with <code>npx labelfleet run ./photos --out ./labels</code></p>`
        : runs.map(runCard)
    }`;
}

function runCard(run: RunView): Html {
  const total = `${count(run.images)}${run.listingComplete ? "" : " so far"}`;
  return html`<article>
    <h2><span class="uri">${run.run}</span> <span class="state ${stateClass(run.state)}">${run.state}</span></h2>
    <progress max="${Math.max(1, run.images)}" value="${Math.min(run.done, Math.max(1, run.images))}" aria-label="progress of ${run.runId}"></progress>
    <dl>
      ${fact("Done", `${count(run.done)} of ${total}`)}
      ${fact("Failed", count(run.failed), run.failed > 0 ? "bad" : "")}
      ${fact("Speed", run.imagesPerSecond === null ? "–" : perSecond(run.imagesPerSecond))}
      ${fact("Time left", run.etaSeconds === null || isOver(run) ? "–" : duration(run.etaSeconds))}
      ${fact(run.modelIds.length === 1 ? "Model" : "Models", run.modelIds.join(", "))}
      ${fact("Lane", run.lane)}
      ${fact("Started", `${new Date(run.createdMs).toISOString().slice(0, 19).replace("T", " ")} UTC`)}
    </dl>
  </article>`;
}

function fact(name: string, value: string, className = ""): Html {
  return html`<div><dt>${name}</dt><dd class="${className}">${value}</dd></div>`;
}

function isOver(run: RunView): boolean {
  return ["done", "stopped", "paused", "cancelled"].includes(run.state);
}

function stateClass(state: RunView["state"]): string {
  if (state === "done") return "good";
  return ["stopped", "no producer", "paused", "cancelled"].includes(state) ? "bad" : "busy";
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

function perSecond(imagesPerSecond: number): string {
  return `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
