import type { ImageDetail } from "../../../src/api/labels.js";
import { BarList } from "../components/bar-list";
import { percent } from "../format";

/** The most probable labels of one model. */
export function TopLabels({ record }: { record: ImageDetail["record"] }) {
  return (
    <section class="top-labels">
      <h3>{record.modelId}</h3>
      {record.top === null ? (
        <p class="bad">
          {record.errorCode}: {record.errorMessage}
        </p>
      ) : (
        <BarList
          label={`Most probable labels by ${record.modelId}`}
          items={record.top.map(({ index, label, probability }, i) => ({
            key: String(index),
            name: label,
            share: probability,
            value: percent(probability, 1),
            tone: i === 0 ? "" : "calm",
          }))}
        />
      )}
    </section>
  );
}
