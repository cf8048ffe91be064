import type { RunDetail } from "../../../src/api/run-detail.js";
import { bytes, count, moment, percent } from "../format";

/** The run's settings: run.json in words, and as it is. */
export function SpecCard({
  spec,
  skipped,
  bytesRead,
}: Pick<RunDetail, "spec" | "skipped"> & { bytesRead: string | null }) {
  const { frozen, overridable } = spec;
  const { include, exclude, limit, sample, failOnUnreadable } = frozen.filters;
  const { maxFailed, limits } = overridable;
  const filters = [
    ...include.map((glob) => `only ${glob}`),
    ...exclude.map((glob) => `not ${glob}`),
    ...(limit === null ? [] : [`the first ${count(limit)}`]),
    ...(sample === null ? [] : [`${count(sample.size)} drawn at random, seed ${sample.seed}`]),
    ...(failOnUnreadable ? ["fails on what cannot be read"] : []),
  ];
  const facts: [string, string][] = [
    ["Input", frozen.input],
    ["Filters", filters.length === 0 ? "none" : filters.join("; ")],
    ["Models", frozen.models.map(({ id, precision }) => `${id} (${precision})`).join(", ")],
    ["Labels kept", `${frozen.topK}${frozen.threshold === null ? "" : `, at least ${percent(frozen.threshold)}`}`],
    ["Format", `${frozen.format}${frozen.embeddings ? ", with embeddings" : ""}`],
    ["Images in a batch", count(frozen.batchImages)],
    ["Device", frozen.device],
    ["Lane", overridable.lane],
    [
      "Stops after",
      maxFailed.kind === "count" ? `${count(maxFailed.count)} failed` : `${percent(maxFailed.share)} failed`,
    ],
    ["Limits", `${count(limits.maxPixels)} pixels, ${bytes(limits.maxObjectBytes)}, ${limits.decodeTimeoutMs} ms`],
    ["Since", frozen.since ?? "–"],
    ["Created", `${moment(Date.parse(frozen.created))}, version ${frozen.version}`],
    ...(bytesRead === null ? [] : ([["Read", bytesRead]] as [string, string][])),
    ...(skipped.length === 0 ? [] : ([["Skipped", skipped.join("; ")]] as [string, string][])),
  ];
  return (
    <section class="card" aria-labelledby="spec-title">
      <h2 id="spec-title">Run settings</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>run.json</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
        <pre tabIndex={0}>{JSON.stringify(spec, null, 2)}</pre>
      </details>
    </section>
  );
}
