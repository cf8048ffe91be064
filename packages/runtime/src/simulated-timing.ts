import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";

/** Milliseconds that a simulated device takes for one call of so many images, without its noise. */
export function simulatedCallMs(device: SimulatedDevice, images: number): number {
  const { launchMs, imageMs, waveImages, crowdImages, crowdMs } = device;
  const computed = waveImages * Math.ceil(images / waveImages);
  return launchMs + imageMs * computed + crowdMs * Math.max(0, images - crowdImages);
}

/** No call is so lucky that it takes less than this share of its time. */
const leastShare = 0.2;

/** What a call's time is multiplied with: about normal around 1, with the device's noise as its standard deviation. */
export function simulatedJitter({ noise }: SimulatedDevice, random: () => number): number {
  if (noise === 0) return 1;
  // The sum of twelve uniform numbers has a variance of one.
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return Math.max(leastShare, 1 + noise * sum);
}
