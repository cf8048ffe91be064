import { type DeviceProfile, deviceProfile } from "./device-profile.js";
import type { BatchLimits } from "./policy.js";
import { middle } from "./rate-samples.js";
import type { SizeNote, SizeSubject } from "./size-notes.js";
import { batchDone, batchTooLarge, capChanged, isSettled, type SizeSearch, startSearch } from "./size-search.js";

/** What someone who knows better says; null where it is found out. */
export interface PinnedLimits {
  maxBatchSize: number | null;
  maxWaitMs: number | null;
}

export interface BatchSizesOptions {
  pinned: PinnedLimits;
  /** Names the device and what it is capable of. */
  nameOf: (device: string) => Promise<string>;
  notes: {
    read(subject: SizeSubject): Promise<SizeNote | null>;
    write(subject: SizeSubject, note: SizeNote): Promise<void>;
  };
  /** One line for the log. */
  say: (line: string) => void;
}

/** A model that is loaded. */
export interface OpenModel {
  modelKey: string;
  device: string;
  weights: Omit<SizeSubject, "device">;
  /** What each image of a call takes (modelMemory). */
  imageBytes: number;
}

interface SizedModel {
  profile: DeviceProfile;
  subject: SizeSubject;
  search: SizeSearch;
}

/** Before the first model is loaded. */
const unknownDevice = "cpu";

/** How large batches are, model by model: starts from what is noted, searches while batches are computed, notes what it finds. */
export class BatchSizes {
  readonly #options: BatchSizesOptions;
  readonly #models = new Map<string, SizedModel>();
  readonly #caps = new Map<string, number>();
  #onChange: () => void = () => {};

  constructor(options: BatchSizesOptions) {
    this.#options = options;
  }

  /** Calls back when sizes may have changed. */
  onChange(callback: () => void): void {
    this.#onChange = callback;
  }

  /** Images with which a model is warmed up: as many as its first batches have. */
  warmUpImages(device: string | null, imageBytes: number): number {
    return this.#profileOf(device ?? unknownDevice, imageBytes).startSize;
  }

  async open({ modelKey, device, weights, imageBytes }: OpenModel): Promise<void> {
    const subject = { ...weights, device: await this.#options.nameOf(device) };
    const profile = this.#profileOf(device, imageBytes);
    const { startSize, maxSize, searches } = profile;
    const remembered = searches ? await this.#options.notes.read(subject) : null;
    const cap = Math.min(maxSize, this.#caps.get(modelKey) ?? maxSize);
    this.#models.set(modelKey, { profile, subject, search: startSearch({ start: startSize, cap, remembered }) });
    this.#onChange();
  }

  close(modelKey: string): void {
    this.#models.delete(modelKey);
    this.#caps.delete(modelKey);
  }

  limitsOf(modelKey: string): BatchLimits {
    const model = this.#models.get(modelKey);
    const { startSize, maxWaitMs, anySize } =
      model?.profile ?? this.#profileOf(unknownDevice, Number.POSITIVE_INFINITY);
    return { maxBatchSize: model?.search.size ?? startSize, maxWaitMs, anySize };
  }

  /** The largest batch that may be formed now, of all models. */
  get largest(): number {
    return Math.max(1, ...[...this.#models.values()].map(({ search }) => search.size));
  }

  /** What memory is thought to hold. */
  setCap(modelKey: string, images: number): void {
    this.#caps.set(modelKey, images);
    const model = this.#models.get(modelKey);
    if (model !== undefined) {
      this.#set(model, capChanged(model.search, Math.min(images, model.profile.maxSize)));
    }
  }

  batchDone(modelKey: string, batch: { images: number; busyMs: number }): void {
    const model = this.#models.get(modelKey);
    if (model === undefined || !model.profile.searches) return;
    this.#set(model, batchDone(model.search, batch));
  }

  /** So many images were out of memory. */
  batchTooLarge(modelKey: string, images: number): void {
    const model = this.#models.get(modelKey);
    if (model === undefined) return;
    this.#set(model, batchTooLarge(model.search, images));
    this.#options.say(`a batch of ${images} is out of the device's memory; the next have ${model.search.size}`);
  }

  #set(model: SizedModel, search: SizeSearch): void {
    const before = model.search;
    if (search === before) return;
    model.search = search;
    if (search.size !== before.size) this.#onChange();
    if (isSettled(search) && !isSettled(before)) this.#note(model);
  }

  #note({ subject, search }: SizedModel): void {
    const rates = search.rates.get(search.best);
    // Too few images came to try larger sizes: another time there may be more.
    if (rates === undefined || search.isStarved) return;
    const imagesPerSecond = middle(rates);
    const note = {
      size: search.best,
      failedAt: search.failedAt,
      imagesPerSecond: Math.round(imagesPerSecond * 10) / 10,
    };
    this.#options.notes
      .write(subject, note)
      .catch((error: Error) => this.#options.say(`the best batch size cannot be noted: ${error.message}`));
  }

  #profileOf(device: string, imageBytes: number): DeviceProfile {
    const { maxBatchSize, maxWaitMs } = this.#options.pinned;
    const profile = deviceProfile(device, imageBytes);
    return {
      ...profile,
      ...(maxBatchSize !== null && { startSize: maxBatchSize, maxSize: maxBatchSize, searches: false }),
      maxWaitMs: maxWaitMs ?? profile.maxWaitMs,
    };
  }
}
