import { type SimulatedDevice, simulatedDeviceSchema } from "@labelfleet/shared/simulated-device";

const device = (fields: Partial<SimulatedDevice>) => simulatedDeviceSchema.parse(fields);

/** Devices on which different batch sizes are the best, and for different reasons. */
export const devices: Readonly<Record<string, SimulatedDevice>> = {
  "launches dear, images cheap": device({ launchMs: 20, imageMs: 0.1 }),
  "launches as dear as eight images": device({ launchMs: 4, imageMs: 0.5 }),
  "launches cheap": device({ launchMs: 1, imageMs: 2 }),
  "no launch cost, as on a CPU": device({ launchMs: 0, imageMs: 10 }),
  "memory for 45 images": device({ launchMs: 20, imageMs: 0.2, memoryImages: 45 }),
  "memory for 5 images": device({ launchMs: 30, imageMs: 6, memoryImages: 5 }),
  "waves of 24, memory for 100": device({ launchMs: 5, imageMs: 0.5, waveImages: 24, memoryImages: 100 }),
  "worse above 40 images": device({ launchMs: 8, imageMs: 0.3, crowdImages: 40, crowdMs: 1 }),
  "worse above 96 images, noise of 10 %": device({
    launchMs: 6,
    imageMs: 0.4,
    crowdImages: 96,
    crowdMs: 1,
    noise: 0.1,
  }),
  "waves of 32, noise of 5 %": device({ launchMs: 10, imageMs: 0.8, waveImages: 32, noise: 0.05 }),
};
