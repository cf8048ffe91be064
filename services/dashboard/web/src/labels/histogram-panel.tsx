import type { Histograms } from "../../../src/api/labels.js";
import { BarList } from "../components/bar-list";
import { count, plural } from "../format";
import type { FilterValues } from "./filter-address";

/** How often each label comes, and how certain the model is; a bar that is pressed becomes the filter. */
export function HistogramPanel(props: {
  histograms: Histograms;
  filter: FilterValues;
  onChange: (part: FilterValues) => void;
}) {
  const { histograms, filter, onChange } = props;
  const { classes, otherClasses, otherCount } = histograms;
  const most = Math.max(1, ...classes.map((bar) => bar.count));
  return (
    <aside class="histograms" aria-label="Histograms">
      <section class="card" aria-labelledby="certainty-title">
        <h2 id="certainty-title">Certainty</h2>
        <Certainty confidence={histograms.confidence} filter={filter} onChange={onChange} />
        {histograms.failed > 0 && <p class="sub">{plural(histograms.failed, "failed record")} without one.</p>}
      </section>
      <section class="card" aria-labelledby="classes-title">
        <h2 id="classes-title">Labels</h2>
        <BarList
          label="Records by label"
          items={classes.map((bar) => ({
            key: bar.label,
            name: bar.label,
            share: bar.count / most,
            value: count(bar.count),
            isPressed: filter.label === bar.label,
            onClick: () => onChange({ label: filter.label === bar.label ? "" : bar.label }),
          }))}
        />
        {otherClasses > 0 && (
          <p class="sub">
            and {count(otherClasses)} more labels with {plural(otherCount, "record")}
          </p>
        )}
      </section>
    </aside>
  );
}

function Certainty(props: { confidence: number[]; filter: FilterValues; onChange: (part: FilterValues) => void }) {
  const { confidence, filter, onChange } = props;
  const most = Math.max(1, ...confidence);
  return (
    <ul class="columns-chart" aria-label="Records by probability">
      {confidence.map((records, i) => {
        const [from, to] = [i / confidence.length, (i + 1) / confidence.length];
        const isPressed = filter.min === from.toFixed(2) && filter.max === to.toFixed(2);
        const text = `${from.toFixed(2)} to ${to.toFixed(2)}: ${plural(records, "record")}`;
        return (
          <li key={from}>
            <button
              type="button"
              aria-pressed={isPressed}
              aria-label={text}
              title={text}
              onClick={() => onChange(isPressed ? { min: "", max: "" } : { min: from.toFixed(2), max: to.toFixed(2) })}
            >
              <span style={{ height: `${Math.max(records > 0 ? 2 : 0, (100 * records) / most)}%` }} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
