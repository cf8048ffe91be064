import type { ComponentChildren } from "preact";

/** One number that matters, with its name and what belongs to it. */
export function Tile(props: {
  name: string;
  value: ComponentChildren;
  unit?: string;
  note?: ComponentChildren;
  tone?: string | undefined;
}) {
  return (
    <div class="tile">
      <dt>{props.name}</dt>
      <dd class={props.tone}>
        <span class="figure">{props.value}</span>
        {props.unit && <span class="unit"> {props.unit}</span>}
        {props.note && <span class="note">{props.note}</span>}
      </dd>
    </div>
  );
}
