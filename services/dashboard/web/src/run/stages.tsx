import type { RunDetail } from "../../../src/api/run-detail.js";
import { BarList } from "../components/bar-list";
import { count, percent } from "../format";

const names = { fetch: "Fetch", decode: "Decode", infer: "Infer", write: "Write" } as const;

/** How busy each stage's slots were, and what that means. */
export function Stages({ stages, verdict }: Pick<RunDetail, "stages" | "verdict">) {
  const busiest = stages.reduce((a, b) => (b.utilisation > a.utilisation ? b : a), stages[0]!);
  const [, head = "", rest = ""] = /^([^(]*?)((?:: | \().*)?$/s.exec(verdict) ?? [];
  return (
    <section class="card" aria-labelledby="stages-title">
      <h2 id="stages-title">Stages</h2>
      <p class="verdict">
        <strong>{head}</strong>
        {rest}
      </p>
      <BarList
        label="Part of the time in which a stage's slots were busy"
        items={stages.map((stage) => ({
          key: stage.stage,
          name: names[stage.stage],
          share: stage.utilisation,
          value: percent(Math.min(1, stage.utilisation)),
          tone: stage === busiest && stage.utilisation > 0 ? "" : "calm",
        }))}
      />
      <p class="sub">
        Busy part of each stage's slots. {count(stages.find(({ stage }) => stage === "fetch")?.count ?? 0)} fetches,{" "}
        {count(stages.find(({ stage }) => stage === "write")?.count ?? 0)} shards written.
      </p>
    </section>
  );
}
