import { seededRandom } from "../../support/random.js";

/** What may happen to a fleet. `seconds`: how long it lasts, where it lasts. */
export const faultKinds = {
  "kill -9 of a worker": { weight: 5, seconds: null },
  "SIGTERM of a worker": { weight: 2, seconds: null },
  "SIGSTOP of a worker": { weight: 2, seconds: [1, 18] },
  "kill -9 of the producer": { weight: 3, seconds: null },
  "Redis emptied": { weight: 2, seconds: null },
  "Redis killed, started again empty": { weight: 1, seconds: null },
  "connections to Redis cut": { weight: 2, seconds: [0.1, 4] },
  "Redis answers OOM": { weight: 1, seconds: [0.5, 4] },
  "Redis is read-only": { weight: 1, seconds: [0.5, 4] },
  "answers of Redis lost": { weight: 2, seconds: [0.2, 1] },
  "S3 answers 500 and 503": { weight: 2, seconds: [0.5, 2] },
  "S3 resets bodies": { weight: 2, seconds: [0.5, 3] },
  "S3 cuts bodies short": { weight: 2, seconds: [0.5, 3] },
  "S3 is slow": { weight: 1, seconds: [0.5, 3] },
  "PUTs refused": { weight: 1, seconds: [0.5, 2] },
  "answers to PUTs lost": { weight: 2, seconds: [0.5, 2] },
  "credentials refused": { weight: 1, seconds: [0.5, 2] },
} as const satisfies Record<string, { weight: number; seconds: readonly [number, number] | null }>;

export type FaultKind = keyof typeof faultKinds;

export interface PlannedFault {
  atMs: number;
  kind: FaultKind;
  /** 0 for what is over at once. */
  durationMs: number;
  /** Which of the workers. */
  worker: number;
}

/** Seconds between two faults: now and then two at once, now and then time to recover. */
const gapMs = [200, 4_000] as const;

/**
 * The faults of one round, in order of time; the same seed and round give the same. Faults of the store are short enough that no
 * batch uses up all its attempts in bad weather, which would rightly end in failed records.
 */
export function planRound(options: { seed: number; round: number; forMs: number; workers: number }): PlannedFault[] {
  const random = seededRandom(options.seed * 1_000 + options.round);
  const between = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  const kinds = Object.entries(faultKinds).flatMap(([kind, { weight }]) => new Array(weight).fill(kind) as FaultKind[]);
  const plan: PlannedFault[] = [];
  for (let atMs = between(gapMs); atMs < options.forMs; atMs += between(gapMs)) {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    const { seconds } = faultKinds[kind];
    plan.push({
      atMs: Math.round(atMs),
      kind,
      durationMs: seconds === null ? 0 : Math.round(between(seconds) * 1_000),
      worker: Math.floor(random() * options.workers),
    });
  }
  return plan;
}
