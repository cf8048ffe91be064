import { computed, signal } from "@preact/signals";

const here = signal(new URL(location.href));
addEventListener("popstate", () => {
  here.value = new URL(location.href);
});

export type Route =
  | { page: "overview" }
  | { page: "run"; runId: string }
  | { page: "labels"; runId: string }
  | { page: "unknown" };

export const route = computed<Route>(() => {
  const [, first, runId, part, ...rest] = here.value.pathname.split("/");
  if (first === "") return { page: "overview" };
  if (first !== "runs" || !runId || rest.length > 0) return { page: "unknown" };
  if (part === undefined) return { page: "run", runId: decodeURIComponent(runId) };
  return part === "labels" ? { page: "labels", runId: decodeURIComponent(runId) } : { page: "unknown" };
});

export const search = computed(() => here.value.searchParams);

/** Goes to an address of this page. `replace` leaves no step to go back to. */
export function navigate(address: string, { replace = false } = {}): void {
  const isNewPage = new URL(address, location.href).pathname !== location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  here.value = new URL(location.href);
  if (!isNewPage) return;
  scrollTo(0, 0);
  // What a browser does on a new page: readers begin at the top again.
  requestAnimationFrame(() => document.getElementById("main")?.focus({ preventScroll: true }));
}

export function runPath(runId: string, part?: "labels"): string {
  return `/runs/${encodeURIComponent(runId)}${part === undefined ? "" : `/${part}`}`;
}
