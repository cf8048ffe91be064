export interface Ranked {
  readonly index: number;
  readonly probability: number;
}

/**
 * The `k` largest values of a row, largest first; of equal values the one with the smaller index comes first.
 * Fewer when the row is shorter than `k`.
 */
export function topK(row: Float32Array, k: number): Ranked[] {
  const best: Ranked[] = [];
  for (let index = 0; index < row.length; index++) {
    const probability = row[index]!;
    if (best.length === k && !(best.length > 0 && probability > best[best.length - 1]!.probability)) continue;
    let place = best.length;
    while (place > 0 && probability > best[place - 1]!.probability) place--;
    best.splice(place, 0, { index, probability });
    if (best.length > k) best.pop();
  }
  return best;
}
