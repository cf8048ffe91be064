import type { RunDetail } from "../../../src/api/run-detail.js";
import { bytes, count, rate } from "../format";

/** Who worked on the run. */
export function RunWorkers({ workers }: { workers: RunDetail["workers"] }) {
  if (workers.length === 0) return null;
  return (
    <section class="card" aria-labelledby="run-workers-title">
      <h2 id="run-workers-title">Workers of this run</h2>
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">Device</th>
            <th scope="col" class="number">
              Images
            </th>
            <th scope="col" class="number">
              Images/s
            </th>
            <th scope="col" class="number">
              Loop delay p99
            </th>
            <th scope="col" class="number">
              Peak memory
            </th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.workerId}>
              <th scope="row">{worker.workerId}</th>
              <td data-name="Device">{worker.device}</td>
              <td data-name="Images" class="number">
                {count(worker.images)}
              </td>
              <td data-name="Images/s" class="number">
                {rate(worker.imagesPerSecond)}
              </td>
              <td data-name="Loop delay p99" class="number">
                {Math.round(worker.eventLoopDelayMsP99)} ms
              </td>
              <td data-name="Peak memory" class="number">
                {bytes(worker.peakRssBytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
