import { useMemo, useState } from "preact/hooks";
import type { RunLine } from "../../../src/api/overview.js";
import { CopyCommand } from "../components/copy-command";
import { Link } from "../components/link";
import { Progress } from "../components/progress";
import { Sparkline } from "../components/sparkline";
import { StateBadge } from "../components/state-badge";
import { count, duration, moment, percent, rate } from "../format";
import { runPath } from "../router";

const shownAtFirst = 20;
/** So many at a click: more at once would hold the page. */
const shownMore = 20;

/** Runs that go on or want somebody first, then the newest. */
export function RunsTable({ runs }: { runs: RunLine[] }) {
  const [rows, setRows] = useState(shownAtFirst);
  const sorted = runs.toSorted((a, b) => urgency(a) - urgency(b) || b.createdMs - a.createdMs);
  const shown = sorted.slice(0, rows);
  return (
    <section class="card" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      {runs.length === 0 ? (
        <p class="empty">
          No runs yet. Start one: <code>npx labelfleet run ./photos --out ./labels</code>
        </p>
      ) : (
        <table class="stacking">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col">Progress</th>
              <th scope="col" class="number">
                Images/s
              </th>
              <th scope="col" class="number">
                Time left
              </th>
              <th scope="col" class="number">
                Failed
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((run) => (
              <RunRow key={run.runId} run={run} />
            ))}
          </tbody>
        </table>
      )}
      {runs.length > rows && (
        <button type="button" class="more" onClick={() => setRows(rows + shownMore)}>
          Show more of {count(runs.length)} runs
        </button>
      )}
    </section>
  );
}

function urgency({ state }: RunLine): number {
  if (state === "listing" || state === "feeding" || state === "finalizing") return 0;
  return state === "idle" || state === "paused" || state === "stopped" ? 1 : 2;
}

/** Drawn anew only when something about the run has changed: most of a long list has not. */
function RunRow({ run }: { run: RunLine }) {
  return useMemo(() => <RunCells run={run} />, [JSON.stringify(run)]);
}

function RunCells({ run }: { run: RunLine }) {
  const share = run.images === 0 ? 0 : run.done / run.images;
  return (
    <tr>
      <th scope="row" class="run-name">
        <Link href={runPath(run.runId)} class="run-link">
          {run.runId}
        </Link>
        <span class="sub" title={run.run}>
          {folderOf(run.run)}
        </span>
        <span class="sub">
          {moment(run.createdMs)} · {run.modelIds.join(", ")} · lane {run.lane}
        </span>
        {run.resumeCommand !== null && <CopyCommand command={run.resumeCommand} />}
      </th>
      <td data-name="State">
        <StateBadge state={run.state} />
      </td>
      <td data-name="Progress" class="progress-cell">
        <Progress label={`Progress of ${run.runId}`} done={run.done} failed={run.failed} images={run.images} />
        <span class="sub">
          {count(run.done)} of {count(run.images)}
          {run.listingComplete ? "" : " so far"} · {percent(Math.min(1, share))}
        </span>
      </td>
      <td data-name="Images/s" class="number">
        {run.imagesPerSecond !== null && <Sparkline values={run.rates} />} {rate(run.imagesPerSecond)}
      </td>
      <td data-name="Time left" class="number">
        {run.etaSeconds !== null && !run.listingComplete && "at least "}
        {duration(run.etaSeconds)}
      </td>
      <td data-name="Failed" class={run.failed > 0 ? "number bad" : "number"}>
        {count(run.failed)}
      </td>
    </tr>
  );
}

/** Where the run lies, without its own name. */
function folderOf(run: string): string {
  return run.replace(/[^/]+\/$/, "").replace(/^file:\/\//, "");
}
