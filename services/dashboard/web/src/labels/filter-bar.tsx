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
  const [clears, setClears] = useState(0);
  const label = useDraft(filter.label ?? "", clears, (value) => onChange({ label: value }));
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
        <Bound name="from" value={filter.min} clears={clears} onChange={(min) => onChange({ min })} />
        <Bound name="to" value={filter.max} clears={clears} onChange={(max) => onChange({ max })} />
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
      <button
        type="button"
        onClick={() => {
          setClears(clears + 1);
          props.onClear();
        }}
      >
        Clear
      </button>
    </form>
  );
}

function Bound(props: { name: string; value: string | undefined; clears: number; onChange: (value: string) => void }) {
  const draft = useDraft(props.value ?? "", props.clears, props.onChange);
  return (
    <label class="bound">
      {props.name}
      <input type="number" min="0" max="1" step="any" placeholder={props.name === "from" ? "0" : "1"} {...draft} />
    </label>
  );
}

/**
 * For an input whose text counts once it is left or entered, if it is valid; until then the page may be drawn anew around it.
 * A draft is one of a value: it is gone when the value becomes another, or is cleared.
 */
function useDraft(value: string, clears: number, onCommit: (value: string) => void) {
  const [draft, setDraft] = useState({ text: value, value, clears });
  const isOfNow = draft.value === value && draft.clears === clears;
  return {
    value: isOfNow ? draft.text : value,
    onInput: ({ currentTarget }: TargetedEvent<HTMLInputElement>) =>
      setDraft({ text: currentTarget.value, value, clears }),
    onChange: (event: TargetedEvent<HTMLInputElement>) => {
      const input = event.currentTarget;
      if (!input.checkValidity()) return;
      setDraft({ text: input.value, value: input.value, clears });
      onCommit(input.value);
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
