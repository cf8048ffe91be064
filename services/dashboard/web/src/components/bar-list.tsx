import type { ComponentChildren } from "preact";

export interface BarItem {
  key: string;
  name: ComponentChildren;
  /** Of the longest bar, within 0..1. */
  share: number;
  value: string;
  tone?: string;
  onClick?: () => void;
  isPressed?: boolean;
}

/** Names with bars and numbers, as a list that reads well aloud. */
export function BarList({ items, label }: { items: BarItem[]; label: string }) {
  return (
    <ul class="bar-list" aria-label={label}>
      {items.map(({ key, name, share, value, tone, onClick, isPressed }) => {
        const inside = (
          <>
            <span class="bar-name">{name}</span>
            <span class="bar-track">
              <span class={`bar-fill ${tone ?? ""}`} style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }} />
            </span>
            <span class="bar-value">{value}</span>
          </>
        );
        return (
          <li key={key}>
            {onClick ? (
              <button type="button" class="bar-row" aria-pressed={isPressed ?? false} onClick={onClick}>
                {inside}
              </button>
            ) : (
              <div class="bar-row">{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
