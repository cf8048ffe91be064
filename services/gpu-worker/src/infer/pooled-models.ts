import type { Absence } from "../batch/policy.js";
import { divideMemory, type Share, toEvict } from "./memory-plan.js";
import type { ModelToLoad } from "./messages.js";

/** A change of models must be worth what loading costs: images wait, and a turn lasts, so many times that, and not less. */
const turnFactor = 2;
const leastTurnMs = 50;

interface PooledModel {
  model: ModelToLoad;
  /** Loaded, or being loaded. */
  isPresent: boolean;
  lastUsedMs: number;
  /** When it was loaded last, and how long that took. */
  loadedMs: number;
  loadMs: number;
}

/** Which models there are, which of them are on the device, and which would have to go. Pure, but for the clock it is given. */
export class PooledModels {
  readonly #now: () => number;
  readonly #models = new Map<string, PooledModel>();
  #memoryBytes = Number.POSITIVE_INFINITY;
  #maxWaiting = Number.POSITIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(model: ModelToLoad): void {
    const fresh = { isPresent: false, lastUsedMs: this.#now(), loadedMs: 0, loadMs: 0 };
    this.#models.set(model.modelKey, { model, ...fresh });
  }

  remove(modelKey: string): void {
    this.#models.delete(modelKey);
  }

  get(modelKey: string): ModelToLoad | undefined {
    return this.#models.get(modelKey)?.model;
  }

  isPresent(modelKey: string): boolean {
    return this.#models.get(modelKey)?.isPresent ?? false;
  }

  setMemory(bytes: number): void {
    this.#memoryBytes = bytes;
  }

  /** When so many images wait for a model, no more will come before it is loaded. */
  setMaxWaiting(images: number): void {
    this.#maxWaiting = images;
  }

  loading(modelKey: string): void {
    const pooled = this.#models.get(modelKey);
    if (pooled !== undefined) pooled.isPresent = true;
  }

  loaded(modelKey: string, loadMs: number): void {
    const pooled = this.#models.get(modelKey);
    if (pooled !== undefined) Object.assign(pooled, { loadMs, loadedMs: this.#now(), lastUsedMs: this.#now() });
  }

  unloaded(modelKey: string): void {
    const pooled = this.#models.get(modelKey);
    if (pooled !== undefined) pooled.isPresent = false;
  }

  used(modelKey: string): void {
    const pooled = this.#models.get(modelKey);
    if (pooled !== undefined) pooled.lastUsedMs = this.#now();
  }

  shares(): Map<string, Share> {
    return divideMemory(this.#memoryBytes, new Map([...this.#models].map(([key, { model }]) => [key, model.memory])));
  }

  /** Whether the models do not all fit at once. */
  get takesTurns(): boolean {
    const shares = this.shares();
    const bytes = [...shares.values()].reduce((sum, share) => sum + share.bytes, 0);
    // Sums of parts of the budget: less than a byte too much is rounding.
    return shares.size > 1 && bytes > this.#memoryBytes + 1;
  }

  /** The models to unload for another one. */
  victimsOf(incoming: string): string[] {
    const present = [...this.#models].filter(([key, { isPresent }]) => isPresent && key !== incoming);
    const byUse = present.sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs).map(([key]) => key);
    return toEvict(this.#memoryBytes, this.shares(), byUse, incoming);
  }

  /** null for a model that is present, and for one that there is not. */
  absenceOf(modelKey: string): Absence | null {
    const pooled = this.#models.get(modelKey);
    if (pooled === undefined || pooled.isPresent) return null;
    const nowMs = this.#now();
    const victims = this.victimsOf(modelKey).map((key) => this.#models.get(key)!);
    // Models that nobody used for as long as a turn lasts are in nobody's way.
    const areInUse = victims.some(({ lastUsedMs }) => nowMs - lastUsedMs <= turnMsOf(pooled));
    return {
      maxWaitMs: areInUse ? turnMsOf(pooled) : 0,
      maxImages: this.#maxWaiting,
      turnMs: Math.max(0, ...victims.map((victim) => victim.loadedMs + turnMsOf(victim) - nowMs)),
    };
  }
}

function turnMsOf({ loadMs }: PooledModel): number {
  return Math.max(leastTurnMs, turnFactor * loadMs);
}
