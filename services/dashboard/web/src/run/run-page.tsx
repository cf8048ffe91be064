import type { RunDetail } from "../../../src/api/run-detail.js";
import { CopyCommand } from "../components/copy-command";
import { Link } from "../components/link";
import { Progress } from "../components/progress";
import { RateChart } from "../components/rate-chart";
import { StateBadge } from "../components/state-badge";
import { Tile } from "../components/tile";
import { bytes, count, duration, percent, plural, rate } from "../format";
import { useLive } from "../live";
import { runPath } from "../router";
import { useTitle } from "../use-title";
import { BatchSizes } from "./batch-sizes";
import { FailuresCard } from "./failures-card";
import { RunActions } from "./run-actions";
import { RunWorkers } from "./run-workers";
import { SpecCard } from "./spec-card";
import { Stages } from "./stages";

export function RunPage({ runId }: { runId: string }) {
  useTitle(`Run ${runId}`);
  const { value, error } = useLive<RunDetail>(`/api/runs/${encodeURIComponent(runId)}`);
  if (error !== null) return <p class="notice bad">{error}</p>;
  if (value === null) return <p class="loading">Loading …</p>;
  const { line, report } = value;
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <Link href="/">Overview</Link>
      </nav>
      <div class="title-row">
        <h1 class="mono">{runId}</h1>
        <StateBadge state={line.state} />
        <Link href={runPath(runId, "labels")} class="button primary">
          View labels
        </Link>
      </div>
      <p class="path">
        {value.spec.frozen.input} → {line.run}
      </p>
      <RunActions runId={runId} state={line.state} failed={line.failed} />
      {value.loss !== null && (
        <p class="notice bad">
          This run is not complete: {value.loss}. To see what is missing:{" "}
          <CopyCommand command={`npx labelfleet verify ${line.run}`} />
        </p>
      )}
      {line.resumeCommand !== null && (
        <p class="notice warn">
          {line.state === "idle" ? "This run lost its producer. " : "No producer is queueing this run. "}
          Resume with <CopyCommand command={line.resumeCommand} />
        </p>
      )}
      {line.state === "feeding" && value.laneWorkers === 0 && (
        <p class="notice warn">
          No worker is on lane {line.lane}: start some with{" "}
          <CopyCommand command={`npx labelfleet work --lane ${line.lane}`} />
        </p>
      )}
      <section class="card" aria-label="Progress">
        <Progress label="Progress" done={line.done} failed={line.failed} images={line.images} tone="tall" />
        <Tiles detail={value} />
      </section>
      <div class="columns wide-left">
        <section class="card" aria-labelledby="throughput-title">
          <h2 id="throughput-title">Throughput</h2>
          {value.throughput.atMs.length < 2 ? (
            <p class="empty">
              {line.state === "done"
                ? "The run was too short for a curve."
                : "Workers write their first figures after some seconds."}
            </p>
          ) : (
            <RateChart series={value.throughput} label="Over the whole run" height={220} />
          )}
        </section>
        <Stages stages={value.stages} verdict={value.verdict} />
      </div>
      <div class="columns">
        <FailuresCard
          runId={runId}
          failed={line.failed}
          byCode={report?.failedByCode ?? null}
          canRetry={line.state === "done"}
        />
        <BatchSizes sizes={value.batchSizes} />
      </div>
      <RunWorkers workers={value.workers} />
      <SpecCard
        spec={value.spec}
        skipped={value.skipped}
        bytesRead={report === null ? null : bytes(report.bytesRead)}
      />
    </>
  );
}

function Tiles({ detail: { line, report, models } }: { detail: RunDetail }) {
  const share = line.images === 0 ? 0 : Math.min(1, line.done / line.images);
  const mean = report === null ? null : (report.steadyImagesPerSecond ?? report.imagesPerSecond);
  return (
    <dl class="tiles">
      <Tile
        name="Done"
        value={percent(share)}
        note={`${count(line.done)} of ${count(line.images)}${line.listingComplete ? "" : " so far"}`}
      />
      {report === null ? (
        <Tile name="Images/s now" value={rate(line.imagesPerSecond)} />
      ) : (
        <Tile name="Images/s" value={rate(mean)} note={report.steadyImagesPerSecond === null ? "over all" : "steady"} />
      )}
      {report === null ? (
        <Tile
          name="Time left"
          value={duration(line.etaSeconds)}
          note={line.etaSeconds !== null && !line.listingComplete ? "at least: the listing goes on" : undefined}
        />
      ) : (
        <Tile name="Took" value={duration(report.wallSeconds)} />
      )}
      <Tile
        name="Failed"
        value={count(line.failed)}
        tone={line.failed > 0 ? "bad" : undefined}
        note={line.done === 0 ? undefined : percent(line.failed / Math.max(1, line.done), 1)}
      />
      <Tile
        name={models.length === 1 ? "Model" : "Models"}
        value={<span class="words">{models.map(({ id }) => id).join(", ")}</span>}
        note={report?.carriedOver ? `${plural(report.carriedOver, "image")} carried over` : undefined}
      />
    </dl>
  );
}
