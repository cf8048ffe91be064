import type { TargetedEvent } from "preact";
import { useState } from "preact/hooks";
import type { LabelPage } from "../../../src/api/labels.js";
import type { FilterValues } from "./filter-address";

/** Which records are shown, and in which order. */
export function FilterBar(props: {
  filter: FilterValues;
  page: LabelPage;
  onChange: (part: FilterValues) => void;
  onClear: () => void;
}) {
  const { filter, page, onChange } = props;
  const { modelIds } = page;
  const label = useDraft(filter.label ?? "", (value) => onChange({ label: value }));
  const compare = (value: string) => {
    if (value === "") return onChange({ disagrees: "" });
    const [model, disagrees] = value.split(" ");
    onChange({ model: model!, disagrees: disagrees! });
  };
  const pairs = modelIds.flatMap((a) => modelIds.filter((b) => b !== a).map((b) => ({ a, b })));
  return (
    <form class="card filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label class="wide">
        Label
        <input type="search" list="all-labels" placeholder="any" {...label} />
        <datalist id="all-labels">
          {page.labels.map((label) => (
            <option key={label} value={label} />
          ))}
        </datalist>
      </label>
      <fieldset>
        <legend>Probability</legend>
        <Bound name="from" value={filter.min} onChange={(min) => onChange({ min })} />
        <Bound name="to" value={filter.max} onChange={(max) => onChange({ max })} />
      </fieldset>
      <Choice
        name="Status"
        value={filter.status ?? ""}
        options={[
          ["", "any"],
          ["ok", "ok"],
          ["failed", "failed"],
        ]}
        onChange={(status) => onChange({ status, ...(status !== "failed" && { code: "" }) })}
      />
      {page.errorCodes.length > 0 && filter.status === "failed" && (
        <Choice
          name="Code"
          value={filter.code ?? ""}
          options={[["", "any"], ...page.errorCodes.map((code) => [code, code] as const)]}
          onChange={(code) => onChange({ code })}
        />
      )}
      {modelIds.length > 1 && (
        <>
          <Choice
            name="Model"
            value={filter.model ?? ""}
            options={[["", "any"], ...modelIds.map((id) => [id, id] as const)]}
            onChange={(model) => onChange({ model, disagrees: "" })}
          />
          <Choice
            name="Disagreement"
            value={filter.disagrees ? `${filter.model} ${filter.disagrees}` : ""}
            options={[["", "all images"], ...pairs.map(({ a, b }) => [`${a} ${b}`, `${a} against ${b}`] as const)]}
            onChange={compare}
          />
        </>
      )}
      <Choice
        name="Order"
        value={filter.sort ?? "leastCertain"}
        options={[
          ["leastCertain", "least certain first"],
          ["mostCertain", "most certain first"],
          ["manifest", "as listed"],
        ]}
        onChange={(sort) => onChange({ sort: sort === "leastCertain" ? "" : sort })}
      />
      <button type="button" onClick={props.onClear}>
        Clear
      </button>
    </form>
  );
}

function Bound(props: { name: string; value: string | undefined; onChange: (value: string) => void }) {
  const draft = useDraft(props.value ?? "", props.onChange);
  return (
    <label class="bound">
      {props.name}
      <input type="number" min="0" max="1" step="any" placeholder={props.name === "from" ? "0" : "1"} {...draft} />
    </label>
  );
}

/** For an input whose text counts once it is left or entered, if it is valid; until then the page may be drawn anew around it. */
function useDraft(value: string, onCommit: (value: string) => void) {
  const [draft, setDraft] = useState<string | null>(null);
  return {
    value: draft ?? value,
    onInput: ({ currentTarget }: TargetedEvent<HTMLInputElement>) =>
      setDraft(currentTarget.value === value ? null : currentTarget.value),
    onChange: (event: TargetedEvent<HTMLInputElement>) => {
      if (!event.currentTarget.checkValidity()) return;
      setDraft(null);
      onCommit(event.currentTarget.value);
    },
  };
}

function Choice(props: {
  name: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <label>
      {props.name}
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
