const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const levels = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A bar of `width` characters of which `share` (0 to 1) is filled, to an eighth of a character. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const text = "█".repeat(filled >> 3) + eighths[filled & 7]!;
  return text + "░".repeat(width - text.length);
}

/** One character a value, against the largest of them; the last `width` values. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const largest = Math.max(...shown, Number.MIN_VALUE);
  return shown.map((value) => levels[Math.round((Math.max(0, value) / largest) * (levels.length - 1))]).join("");
}
