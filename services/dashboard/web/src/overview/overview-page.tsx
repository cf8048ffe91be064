import type { Overview } from "../../../src/api/overview.js";
import { RateChart } from "../components/rate-chart";
import { Tile } from "../components/tile";
import { count, plural, rate } from "../format";
import { useLive } from "../live";
import { useTitle } from "../use-title";
import { LanesTable } from "./lanes-table";
import { RunsTable } from "./runs-table";
import { WorkersTable } from "./workers-table";

export function OverviewPage() {
  useTitle("Overview");
  const { value, error } = useLive<Overview>("/api/runs", "/api/events");
  if (error !== null) return <p class="notice bad">{error}</p>;
  if (value === null) return <p class="loading">Loading …</p>;
  const running = value.runs.filter(
    ({ state }) => state === "listing" || state === "feeding" || state === "finalizing",
  );
  const lost = value.runs.filter(({ state }) => state === "idle");
  const waiting = value.lanes.reduce((sum, lane) => sum + lane.waiting, 0);
  const left = running.reduce((sum, run) => sum + Math.max(0, run.images - run.done), 0);
  return (
    <>
      <h1>Overview</h1>
      <section class="card headline" aria-label="Now">
        <dl class="tiles">
          <Tile name="Throughput" value={rate(value.imagesPerSecond)} unit="images/s" />
          <Tile
            name="Runs in progress"
            value={count(running.length)}
            note={
              lost.length > 0 ? (
                <span class="bad">{plural(lost.length, "run")} without a producer</span>
              ) : (
                `${count(value.runs.length)} known`
              )
            }
          />
          <Tile name="Workers" value={count(value.workers.length)} note={plural(value.lanes.length, "lane")} />
          <Tile
            name="Waiting"
            value={count(waiting)}
            unit={waiting === 1 ? "batch" : "batches"}
            note={`${plural(left, "image")} left`}
          />
        </dl>
        {value.history.atMs.length < 2 ? (
          <p class="no-chart">The last quarter of an hour will be drawn here.</p>
        ) : (
          <RateChart series={value.history} label="The last quarter of an hour" height={168} />
        )}
      </section>
      <RunsTable runs={value.runs} />
      <div class="columns">
        <LanesTable lanes={value.lanes} />
        <WorkersTable workers={value.workers} />
      </div>
    </>
  );
}
