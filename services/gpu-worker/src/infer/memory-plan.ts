import { largestBatchIn, type ModelMemory } from "@labelfleet/models/memory";

/** Every model is to have room for batches of so many, before any gets room for more. */
const reservedImages = 4;

/** What one model may use. */
export interface Share {
  /** The largest batch. */
  cap: number;
  /** With batches of that size. */
  bytes: number;
}

/**
 * Divides a device's memory. Where all models fit at once, what they leave free is divided equally; where not, each gets half
 * of the memory, or all if it must be, and they take turns (`toEvict`). A share depends only on which models there are, so it
 * does not change with every turn. A model that does not fit alone is tried all the same, image by image.
 */
export function divideMemory(budgetBytes: number, models: ReadonlyMap<string, ModelMemory>): Map<string, Share> {
  const least = [...models.values()].reduce((sum, memory) => sum + bytesOf(memory, reservedImages), 0);
  const freeBytes = budgetBytes - least;
  const shares = new Map<string, Share>();
  for (const [modelKey, memory] of models) {
    const needed = bytesOf(memory, reservedImages);
    const share = freeBytes >= 0 ? needed + freeBytes / models.size : Math.max(needed, budgetBytes / 2);
    const cap = Math.max(1, largestBatchIn(Math.min(share, budgetBytes), memory));
    shares.set(modelKey, { cap, bytes: bytesOf(memory, cap) });
  }
  return shares;
}

/**
 * The models to unload so that another one fits, those first that were not used for longest. All of them where it does not fit
 * even then.
 *
 * @param loaded in the order of their last use, the longest unused first
 */
export function toEvict(
  budgetBytes: number,
  shares: ReadonlyMap<string, Share>,
  loaded: readonly string[],
  incoming: string,
): string[] {
  const bytes = (modelKey: string) => shares.get(modelKey)?.bytes ?? 0;
  let usedBytes = loaded.reduce((sum, modelKey) => sum + bytes(modelKey), bytes(incoming));
  const victims: string[] = [];
  for (const modelKey of loaded) {
    // Sums of parts of the budget: less than a byte too much is rounding.
    if (usedBytes <= budgetBytes + 1) break;
    victims.push(modelKey);
    usedBytes -= bytes(modelKey);
  }
  return victims;
}

function bytesOf({ modelBytes, imageBytes }: ModelMemory, images: number): number {
  return modelBytes + imageBytes * images;
}
