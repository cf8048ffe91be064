import { count } from "../format";
import { addressOf, type FilterValues } from "./filter-address";

const formats = [
  ["csv", "CSV"],
  ["jsonl", "JSON lines"],
  ["fiftyone", "FiftyOne"],
] as const;

/** The records that match, as files. */
export function ExportMenu(props: { api: string; filter: FilterValues; total: number; isComplete: boolean }) {
  const { api, filter, total, isComplete } = props;
  const { sort: _, ...rest } = filter;
  return (
    <p class="export">
      <span id="export-title">
        Export {count(total)}
        {isComplete ? "" : " (incomplete)"}:
      </span>
      {formats.map(([format, name]) => (
        <a key={format} class="button" href={addressOf(`${api}/export`, rest, { format })} download>
          {name}
        </a>
      ))}
    </p>
  );
}
