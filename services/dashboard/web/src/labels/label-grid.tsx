import type { LabelledImage, RecordPlace } from "../../../src/api/labels.js";
import { percent } from "../format";

export function thumbnailOf(api: string, { modelId, batchId, row }: RecordPlace, size: "small" | "large"): string {
  return `${api}/thumbnails/${encodeURIComponent(modelId)}/${batchId}/${row}?size=${size}`;
}

/** The user's own images with what the model says of them. */
export function LabelGrid(props: { api: string; records: LabelledImage[]; onOpen: (index: number) => void }) {
  if (props.records.length === 0) return <p class="empty">No record matches.</p>;
  return (
    <ul class="grid">
      {props.records.map((record, index) => (
        <li key={`${record.modelId}/${record.batchId}/${record.row}`}>
          <button type="button" class="image-card" onClick={() => props.onOpen(index)}>
            {record.status === "failed" ? (
              <span class="no-image">{record.errorCode}</span>
            ) : (
              <img src={thumbnailOf(props.api, record, "small")} alt="" loading="lazy" decoding="async" />
            )}
            <Caption record={record} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Caption({ record }: { record: LabelledImage }) {
  return (
    <span class="caption">
      <span class="said-row">
        <span class="label-name">{record.label ?? (record.status === "failed" ? "failed" : "no label")}</span>
        {record.probability !== null && <span class="number">{percent(record.probability)}</span>}
      </span>
      <span class="certainty" aria-hidden="true">
        <span style={{ width: `${100 * (record.probability ?? 0)}%` }} />
      </span>
      {record.other !== null && (
        <span class="said-row other">
          <span class="label-name">{record.other.label ?? "failed"}</span>
          <span class="number">{percent(record.other.probability)}</span>
        </span>
      )}
      <span class="key">{record.key}</span>
    </span>
  );
}
