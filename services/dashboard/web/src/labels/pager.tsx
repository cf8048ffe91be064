import { count } from "../format";
import { pageSize } from "./filter-address";

export function Pager({ offset, total, onPage }: { offset: number; total: number; onPage: (offset: number) => void }) {
  if (total <= pageSize) return null;
  const last = Math.floor((total - 1) / pageSize) * pageSize;
  const go = (to: number) => {
    onPage(Math.min(last, Math.max(0, to)));
    document.getElementById("matches")?.scrollIntoView({ block: "start" });
  };
  return (
    <nav class="pager" aria-label="Pages of records">
      <button type="button" disabled={offset === 0} onClick={() => go(offset - pageSize)}>
        Previous
      </button>
      <span>
        {count(offset + 1)}–{count(Math.min(total, offset + pageSize))} of {count(total)}
      </span>
      <button type="button" disabled={offset >= last} onClick={() => go(offset + pageSize)}>
        Next
      </button>
    </nav>
  );
}
