import { neighbours, stepFactors } from "./buckets.js";
import { areQuiet, differClearly, hasEnough, middle } from "./rate-samples.js";

/**
 *   doubling ──▶ closer, step by step ──▶ settled
 *      ▲ ▲                    ▲              │ recheckBatches later
 *      │ │                    └──────────────┘
 *      │ └─ more memory ── any
 *      └─ the best known size is out of memory: from half of it
 *
 * The search for the batch size with the most images a second, while the device works: a size is used for a few batches, its
 * rate is compared with the best, and a neighbour is next. Pure; each function gives the state after an event.
 */
export interface SizeSearch {
  /** The size in use. */
  readonly size: number;
  /** The best of those measured; the size to start with, until it is. */
  readonly best: number;
  /** What memory is thought to hold. May be tried. */
  readonly cap: number;
  /** The smallest size that was out of memory. Is not tried again. */
  readonly failedAt: number | null;
  /** Images a second of each size that was used, batch by batch. */
  readonly rates: ReadonlyMap<number, readonly number[]>;
  /** Batches of the size in use since it came into use. */
  readonly used: number;
  /** The size that seems as good as the best, while the best is measured once more: it may have had luck. */
  readonly challenger: number | null;
  /** The first batch of a size pays for the device's planning, and is not counted. */
  readonly isFirst: boolean;
  /** Where in stepFactors the search is; settled beyond the last. */
  readonly step: number;
  /** Sizes to try at this step. */
  readonly todo: readonly number[];
  /** Batches in a row that were not full. */
  readonly partials: number;
  /** Whether larger sizes could not be tried, for want of images. */
  readonly isStarved: boolean;
  readonly settledBatches: number;
}

/** A size is better when its rate is higher by this much: less is noise, or not worth the memory. */
const leastGain = 0.01;
/** More batches of the best size when another comes close, until there are so many of it. */
const batchesToConfirm = 5;
const confirmedBatches = 20;
/** A size that so many batches in a row did not fill cannot be measured now. */
const partialsToGiveUp = 16;
/** Devices change: other work begins, or it gets warm. */
const recheckBatches = 1_000;

export interface SearchStart {
  /** The size to begin with. */
  start: number;
  cap: number;
  /** What an earlier search found; nothing is searched then before the next check. */
  remembered?: { size: number; failedAt: number | null } | null;
}

export function startSearch({ start, cap, remembered = null }: SearchStart): SizeSearch {
  const size = Math.max(1, Math.min(remembered?.size ?? start, cap));
  const fresh = { size, best: size, cap, failedAt: remembered?.failedAt ?? null, rates: new Map(), isStarved: false };
  return { ...fresh, ...unmeasured, step: remembered === null ? 0 : stepFactors.length, todo: [], settledBatches: 0 };
}

export function isSettled({ step }: SizeSearch): boolean {
  return step >= stepFactors.length;
}

const unmeasured = { used: 0, challenger: null, isFirst: true, partials: 0 } as const;

/** A batch was computed. */
export function batchDone(search: SizeSearch, { images, busyMs }: { images: number; busyMs: number }): SizeSearch {
  if (images < search.size) return partialDone(search);
  if (images > search.size) return search;
  if (isSettled(search)) return settledDone(search);
  if (search.isFirst) return { ...search, isFirst: false, partials: 0 };
  const own = [...ratesOf(search, images), (1000 * images) / Math.max(busyMs, Number.EPSILON)];
  const rates = new Map(search.rates).set(images, own);
  return judged({ ...search, rates, used: search.used + 1, partials: 0 });
}

/** A batch of so many images did not fit. */
export function batchTooLarge(search: SizeSearch, images: number): SizeSearch {
  const failedAt = Math.min(images, search.failedAt ?? Number.POSITIVE_INFINITY);
  const left = { ...search, failedAt, todo: search.todo.filter((size) => size < failedAt) };
  if (search.size < images) return left;
  // What was measured fits; that it no longer does means that all is different now.
  if (ratesOf(search, search.best).length > 0 && search.best < images) return nextSize(left);
  const half = Math.max(1, Math.floor(images / 2));
  return { ...left, ...unmeasured, size: half, best: half, rates: new Map(), step: 0, todo: [] };
}

/** Memory holds other sizes than before, because models came or went. */
export function capChanged(search: SizeSearch, cap: number): SizeSearch {
  if (cap === search.cap) return search;
  const grown = cap > search.cap ? { failedAt: null } : {};
  const changed = { ...search, ...grown, cap, todo: search.todo.filter((size) => size <= cap) };
  if (search.best > cap) return { ...startSearch({ start: cap, cap }), failedAt: changed.failedAt };
  if (search.size > cap) return nextSize(changed);
  // A settled search ended at the old cap perhaps; more than that was never tried.
  return cap > search.cap && isSettled(search) ? again(changed, 0) : changed;
}

function partialDone(search: SizeSearch): SizeSearch {
  const partials = search.partials + 1;
  const isOnTrial = !isSettled(search) && search.size !== search.best;
  if (!isOnTrial || partials < partialsToGiveUp) return { ...search, partials };
  const todo = search.todo.filter((size) => size < search.size);
  return nextSize({ ...search, todo, isStarved: true });
}

function settledDone(search: SizeSearch): SizeSearch {
  const settledBatches = search.settledBatches + 1;
  return settledBatches < recheckBatches ? { ...search, settledBatches } : again(search, 1);
}

/** Measures the best size anew, then its neighbours from this step on. */
function again(search: SizeSearch, step: number): SizeSearch {
  const fresh = { ...unmeasured, rates: new Map(), todo: [], isStarved: false, settledBatches: 0 };
  return { ...search, ...fresh, size: search.best, step };
}

/** Measures on, or compares. */
function judged(search: SizeSearch): SizeSearch {
  const { size, best, used, challenger } = search;
  if (challenger !== null) return used < batchesToConfirm ? search : compared(search, challenger);
  const own = ratesOf(search, size);
  const others = ratesOf(search, best);
  if (size === best || others.length === 0) {
    if (!hasEnough(own)) return search;
    return nextSize({ ...search, best: size, todo: candidates(search, size) });
  }
  if (differClearly(own, others)) return compared(search, size);
  if (!hasEnough(own)) return search;
  if (areQuiet(others) || others.length >= confirmedBatches) return compared(search, size);
  return { ...search, ...unmeasured, size: best, challenger: size };
}

/** The better one of the best and another size is the best; then on. */
function compared(search: SizeSearch, other: number): SizeSearch {
  const { best, step } = search;
  const isBetter = middle(ratesOf(search, other)) > middle(ratesOf(search, best)) * (1 + leastGain);
  if (!isBetter) return nextSize(search);
  return nextSize({ ...search, best: other, todo: step > 0 ? [] : doubled(other, other > best ? 2 : 0.5) });
}

function ratesOf({ rates }: SizeSearch, size: number): readonly number[] {
  return rates.get(size) ?? [];
}

/** On to the next size that can be tried, or to the next step; settled at the best where there is none. */
function nextSize(search: SizeSearch): SizeSearch {
  let { step, todo } = search;
  for (; step < stepFactors.length; todo = candidates({ ...search, step }, search.best)) {
    const [size, ...others] = todo.map((wanted) => Math.min(wanted, search.cap)).filter((one) => isOpen(search, one));
    if (size !== undefined) return { ...search, ...unmeasured, size, step, todo: others };
    step += 1;
  }
  return { ...search, ...unmeasured, size: search.best, step, todo: [], settledBatches: 0 };
}

function isOpen({ rates, failedAt }: SizeSearch, size: number): boolean {
  return size >= 1 && !rates.has(size) && (failedAt === null || size < failedAt);
}

function candidates({ step }: Pick<SizeSearch, "step">, around: number): number[] {
  if (step === 0) return [...doubled(around, 2), ...doubled(around, 0.5)];
  const factor = stepFactors[step];
  return factor === undefined ? [] : neighbours(around, factor);
}

/** Two in each direction: where images are computed in waves, one step up may be a step back. */
function doubled(size: number, factor: number): number[] {
  return [Math.floor(size * factor), Math.floor(size * factor ** 2)];
}
