/** The filter as it stands in the page's address and in requests; an absent name does not restrict. */
export const filterNames = ["model", "label", "min", "max", "status", "code", "disagrees", "sort"] as const;
export type FilterName = (typeof filterNames)[number];
export type FilterValues = Partial<Record<FilterName, string>>;

export const pageSize = 60;

export function filterIn(params: URLSearchParams): FilterValues {
  return Object.fromEntries(filterNames.flatMap((name) => (params.get(name) ? [[name, params.get(name)!]] : [])));
}

export function offsetIn(params: URLSearchParams): number {
  return Math.max(0, Math.floor(Number(params.get("offset")) || 0));
}

export function addressOf(base: string, values: FilterValues, more: Record<string, string | number> = {}): string {
  const params = new URLSearchParams();
  for (const name of filterNames) if (values[name]) params.set(name, values[name]);
  for (const [name, value] of Object.entries(more)) params.set(name, String(value));
  const text = params.toString();
  return text === "" ? base : `${base}?${text}`;
}
