import type { LaneLine } from "../../../src/api/overview.js";
import { count, duration } from "../format";

export function LanesTable({ lanes }: { lanes: LaneLine[] }) {
  return (
    <section class="card" aria-labelledby="lanes-title">
      <h2 id="lanes-title">Lanes</h2>
      {lanes.length === 0 ? (
        <p class="empty">No lane is known yet.</p>
      ) : (
        <table class="stacking">
          <thead>
            <tr>
              <th scope="col">Lane</th>
              <th scope="col" class="number">
                Workers
              </th>
              <th scope="col" class="number">
                Waiting
              </th>
              <th scope="col" class="number">
                In work
              </th>
              <th scope="col" class="number">
                Oldest
              </th>
            </tr>
          </thead>
          <tbody>
            {lanes.map((lane) => (
              <tr key={lane.lane}>
                <th scope="row">
                  {lane.lane}
                  {lane.waiting > 0 && lane.workers === 0 && <span class="sub bad">nobody works here</span>}
                </th>
                <td data-name="Workers" class="number">
                  {count(lane.workers)}
                </td>
                <td data-name="Waiting" class="number">
                  {count(lane.waiting + lane.delayed)}
                  {lane.failed > 0 && <span class="sub bad">{count(lane.failed)} failed</span>}
                </td>
                <td data-name="In work" class="number">
                  {count(lane.active)}
                </td>
                <td data-name="Oldest" class="number">
                  {duration(lane.oldestSeconds)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="sub">Counted in batches.</p>
    </section>
  );
}
