import { useState } from "preact/hooks";
import type { Failures } from "../../../src/api/labels.js";
import { actOnRun, session } from "../api";
import { Link } from "../components/link";
import { count } from "../format";
import { useIndexed } from "../live";
import { runPath } from "../router";

/** Failures by their code, with some of the keys. The keys come with the index of labels, and are asked for when there are failures. */
export function FailuresCard(props: {
  runId: string;
  failed: number;
  byCode: Record<string, number> | null;
  canRetry: boolean;
}) {
  const { runId, failed } = props;
  const base = `/api/runs/${encodeURIComponent(runId)}/failures`;
  const { value, error } = useIndexed<Failures>(failed > 0 ? `${base}?seen=${failed}` : null);
  const [said, setSaid] = useState("");
  const canRetry = props.canRetry && session.value?.isReadOnly === false;
  const retry = (code: string) =>
    actOnRun(runId, "retry", { code }).then(setSaid, (problem: Error) => setSaid(problem.message));
  const codes =
    value?.codes ?? Object.entries(props.byCode ?? {}).map(([code, number]) => ({ code, count: number, samples: [] }));
  return (
    <section class="card" aria-labelledby="failures-title">
      <h2 id="failures-title">Failures</h2>
      {failed === 0 && <p class="empty">No image failed.</p>}
      {error !== null && <p class="bad">{error}</p>}
      <ul class="failures">
        {failed > 0 &&
          codes.map(({ code, count: number, samples }) => (
            <li key={code}>
              <div class="failure-head">
                <Link href={`${runPath(runId, "labels")}?status=failed&code=${encodeURIComponent(code)}`}>{code}</Link>
                <span class="bad number">{count(number)}</span>
                {canRetry && (
                  <button
                    type="button"
                    class="small"
                    onClick={() => retry(code)}
                    aria-label={`Retry images with ${code}`}
                  >
                    Retry
                  </button>
                )}
              </div>
              <ul>
                {samples.map((sample) => (
                  <li key={`${sample.batchId}/${sample.row}`} class="key" title={sample.message}>
                    {sample.key}
                    <span class="sub">{sample.message}</span>
                  </li>
                ))}
              </ul>
            </li>
          ))}
      </ul>
      <p role="status" class="said">
        {said}
      </p>
    </section>
  );
}
