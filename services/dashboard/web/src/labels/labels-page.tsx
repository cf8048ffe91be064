import { useState } from "preact/hooks";
import type { IndexState, LabelPage, RecordPlace } from "../../../src/api/labels.js";
import { Link } from "../components/link";
import { count, plural } from "../format";
import { useIndexed } from "../live";
import { navigate, runPath, search } from "../router";
import { useTitle } from "../use-title";
import { ExportMenu } from "./export-menu";
import { addressOf, type FilterValues, filterIn, offsetIn, pageSize } from "./filter-address";
import { FilterBar } from "./filter-bar";
import { HistogramPanel } from "./histogram-panel";
import { ImageDialog } from "./image-dialog";
import { LabelGrid } from "./label-grid";
import { Pager } from "./pager";

export function LabelsPage({ runId }: { runId: string }) {
  useTitle(`Labels of ${runId}`);
  const filter = filterIn(search.value);
  const offset = offsetIn(search.value);
  const [opened, setOpened] = useState<number | null>(null);
  const api = `/api/runs/${encodeURIComponent(runId)}`;
  const address = addressOf(`${api}/labels`, filter, { offset, limit: pageSize });
  const { value, error, isLoading } = useIndexed<LabelPage>(address, opened !== null);

  // Until the index has all of a run that is not known to lack something, there is nothing to warn of.
  const isComplete = value === null || value.index.isBuilding || value.index.isComplete;

  const show = (next: FilterValues, at = 0) =>
    navigate(addressOf(runPath(runId, "labels"), next, at === 0 ? {} : { offset: at }), { replace: true });
  const change = (part: FilterValues) => show({ ...filter, ...part });

  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <Link href="/">Overview</Link>
        <Link href={runPath(runId)} class="mono">
          {runId}
        </Link>
      </nav>
      <div class="title-row">
        <h1>Labels</h1>
        {value !== null && <IndexNote index={value.index} />}
        <ExportMenu api={api} filter={filter} total={value?.total ?? 0} isComplete={isComplete} />
      </div>
      {error !== null && <p class="notice bad">{error}</p>}
      {value === null ? (
        error === null && <p class="loading">Loading …</p>
      ) : (
        <>
          <FilterBar filter={filter} page={value} onChange={change} onClear={() => show({})} />
          <div class="labels-layout">
            <section aria-labelledby="matches" class={isLoading ? "stale" : undefined} aria-busy={isLoading}>
              <h2 id="matches" class="matches" aria-live="polite">
                {plural(value.total, "record")}
              </h2>
              <LabelGrid api={api} records={value.records} onOpen={setOpened} />
              <Pager offset={value.offset} total={value.total} onPage={(at) => show(filter, at)} />
            </section>
            <HistogramPanel histograms={value.histograms} filter={filter} onChange={change} />
          </div>
          {opened !== null && value.records[opened] !== undefined && (
            <ImageDialog
              api={api}
              place={placeOf(value.records[opened])}
              position={`${count(value.offset + opened + 1)} of ${count(value.total)}`}
              onStep={(step) => setOpened(Math.min(value.records.length - 1, Math.max(0, opened + step)))}
              onClose={() => setOpened(null)}
            />
          )}
        </>
      )}
    </>
  );
}

function placeOf({ modelId, batchId, row }: RecordPlace): RecordPlace {
  return { modelId, batchId, row };
}

function IndexNote({ index }: { index: IndexState }) {
  const records = plural(index.records, "record");
  if (index.problem !== null) return <p class="index-note bad">{index.problem}</p>;
  if (index.isFull) return <p class="index-note">The first {records} are indexed, and no more</p>;
  if (index.isBuilding) return <p class="index-note busy">{records} indexed so far …</p>;
  return <p class="index-note">{index.isComplete ? `All ${records} indexed` : `${records} so far`}</p>;
}
