/** A lane is what people scale and what an autoscaler watches. The braces keep a lane in one Redis Cluster slot. */
export const batchesQueue = "batches";

export function lanePrefix(lane: string): string {
  return `{lf-${lane}}`;
}
