import type { RunDetail } from "../../../src/api/run-detail.js";
import { BarList } from "../components/bar-list";
import { count, plural } from "../format";

const shownSizes = 12;

/** How many images went to the device together. */
export function BatchSizes({ sizes }: { sizes: RunDetail["batchSizes"] }) {
  const most = Math.max(1, ...sizes.map(({ batches }) => batches));
  const total = sizes.reduce((sum, { batches }) => sum + batches, 0);
  const images = sizes.reduce((sum, size) => sum + size.batches * size.images, 0);
  const shown = sizes.toSorted((a, b) => b.batches - a.batches).slice(0, shownSizes);
  return (
    <section class="card" aria-labelledby="batches-title">
      <h2 id="batches-title">Inference batches</h2>
      {total === 0 ? (
        <p class="empty">No figures yet.</p>
      ) : (
        <>
          <BarList
            label="Batches by their number of images"
            items={shown
              .toSorted((a, b) => a.images - b.images)
              .map(({ images: size, batches }) => ({
                key: String(size),
                name: plural(size, "image"),
                share: batches / most,
                value: count(batches),
              }))}
          />
          <p class="sub">
            {plural(total, "batch")}, {(images / total).toFixed(1)} images on average.
          </p>
        </>
      )}
    </section>
  );
}
