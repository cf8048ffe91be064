/**
 *             doubt()            probeFailed()
 *   closed ───────────▶ doubting ────────────▶ open ──┐ probeFailed(): a longer back-off
 *     ▲ ▲                  │                    │ ▲───┘
 *     │ └──────────────────┘                    │ after maxPauseMs: gaveUp
 *     └─────────────── probeOk(), readOk() ◀────┘
 *
 * Whether a run's input can be read at all. Pure: time comes in with each event.
 */
export type BreakerState =
  | { kind: "closed"; troublesInARow: number }
  /** Enough went wrong to ask whether it is the objects or the store. */
  | { kind: "doubting" }
  /** Nothing is read until a probe succeeds. */
  | { kind: "open"; sinceMs: number; probeAtMs: number; failedProbes: number }
  /** It was waited long enough: failures are passed on again, until something can be read. */
  | { kind: "gave-up" };

export interface BreakerPolicy {
  /** Weather in a row, each behind the store's own attempts, that makes doubt. Any other trouble does at once. */
  weatherInARow: number;
  /** Until the first probe of an open breaker; doubled with each that fails. */
  firstProbeMs: number;
  maxProbeMs: number;
  maxPauseMs: number;
}

export const defaultBreakerPolicy = {
  weatherInARow: 3,
  firstProbeMs: 1_000,
  maxProbeMs: 30_000,
} as const satisfies Omit<BreakerPolicy, "maxPauseMs">;

/** "weather" may pass by itself; a "refusal" says that something is not allowed; "slowness" that an object took too long. */
export type Trouble = "weather" | "refusal" | "slowness";

export const closed: BreakerState = { kind: "closed", troublesInARow: 0 };

/** An object could be read. */
export function readOk(state: BreakerState): BreakerState {
  // While it is open only a probe closes it: what arrives now was read before.
  return state.kind === "open" || state.kind === "doubting" ? state : closed;
}

export function trouble(state: BreakerState, kind: Trouble, policy: BreakerPolicy): BreakerState {
  if (state.kind !== "closed") return state;
  const troublesInARow = state.troublesInARow + 1;
  const doubt = kind !== "weather" || troublesInARow >= policy.weatherInARow;
  return doubt ? { kind: "doubting" } : { kind: "closed", troublesInARow };
}

/** An object that could be read before can be read, so it was the other objects. */
export function probeOk(): BreakerState {
  return closed;
}

export function probeFailed(state: BreakerState, nowMs: number, policy: BreakerPolicy): BreakerState {
  if (state.kind !== "open") {
    return { kind: "open", sinceMs: nowMs, probeAtMs: nowMs + policy.firstProbeMs, failedProbes: 1 };
  }
  if (nowMs - state.sinceMs >= policy.maxPauseMs) return { kind: "gave-up" };
  const waitMs = Math.min(policy.maxProbeMs, policy.firstProbeMs * 2 ** state.failedProbes);
  const probeAtMs = Math.min(nowMs + waitMs, state.sinceMs + policy.maxPauseMs);
  return { ...state, probeAtMs, failedProbes: state.failedProbes + 1 };
}
