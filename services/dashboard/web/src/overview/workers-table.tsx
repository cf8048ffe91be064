import { useState } from "preact/hooks";
import type { WorkerLine } from "../../../src/api/overview.js";
import { count, duration, rate } from "../format";

const shownAtFirst = 12;
/** So many at a click: more at once would hold the page. */
const shownMore = 20;

export function WorkersTable({ workers }: { workers: WorkerLine[] }) {
  const [rows, setRows] = useState(shownAtFirst);
  const shown = workers.slice(0, rows);
  return (
    <section class="card" aria-labelledby="workers-title">
      <h2 id="workers-title">Workers</h2>
      {workers.length === 0 ? (
        <p class="empty">
          No worker is alive. Start one: <code>npx labelfleet work</code>
        </p>
      ) : (
        <table class="stacking">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col" class="number">
                Images/s
              </th>
              <th scope="col">Bottleneck</th>
              <th scope="col" class="number">
                Seen
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((worker) => (
              <tr key={worker.workerId}>
                <th scope="row">
                  {worker.host} <span class="chip">{worker.device}</span>
                  <span class="sub">
                    {worker.models.length === 0 ? "no model yet" : worker.models.join(", ")} · lane{" "}
                    {worker.lanes.join(", ")}
                  </span>
                </th>
                <td data-name="Images/s" class="number">
                  {rate(worker.imagesPerSecond)}
                  <span class="sub">
                    {count(worker.batchesInHand)} of {count(worker.batchSlots)} batches
                  </span>
                </td>
                <td data-name="Bottleneck">{worker.waitingFor}</td>
                <td data-name="Seen" class="number">
                  {duration(Math.round(worker.seenSecondsAgo))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {workers.length > rows && (
        <button type="button" class="more" onClick={() => setRows(rows + shownMore)}>
          Show more of {count(workers.length)} workers
        </button>
      )}
    </section>
  );
}
