import type { RunState } from "../../../src/api/overview.js";

const looks: Record<RunState, { text: string; tone: string }> = {
  listing: { text: "listing", tone: "busy" },
  feeding: { text: "running", tone: "busy" },
  finalizing: { text: "finalizing", tone: "busy" },
  done: { text: "done", tone: "good" },
  stopped: { text: "stopped", tone: "warn" },
  paused: { text: "paused", tone: "warn" },
  idle: { text: "no producer", tone: "bad" },
  cancelled: { text: "cancelled", tone: "plain" },
};

export function StateBadge({ state }: { state: RunState }) {
  const { text, tone } = looks[state];
  return <span class={`badge ${tone}`}>{text}</span>;
}
