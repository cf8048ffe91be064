import { z } from "zod";

/** What a device that computes nothing pretends to be. */
export const simulatedDeviceSchema = z.strictObject({
  /** Milliseconds of each inference call, however many images it has. */
  launchMs: z.coerce.number().min(0),
  /** Milliseconds of each image. */
  imageMs: z.coerce.number().min(0),
  /** Images that one call may have; more are out of memory. */
  memoryImages: z.coerce.number().int().min(1).default(1024),
  /** Memory for the models and for what a call computes on, in MiB; by the estimates of packages/models. */
  memoryMib: z.coerce.number().min(1).default(Number.POSITIVE_INFINITY),
  /** Images are computed in waves of so many: a wave that is not full takes as long as a full one. */
  waveImages: z.coerce.number().int().min(1).default(1),
  /** A call may have so many images before they get in each other's way. */
  crowdImages: z.coerce.number().int().min(1).default(Number.POSITIVE_INFINITY),
  /** Milliseconds that each image beyond `crowdImages` takes longer. */
  crowdMs: z.coerce.number().min(0).default(0),
  /** Standard deviation of a call's time, as a share of it. */
  noise: z.coerce.number().min(0).max(1).default(0),
});
export type SimulatedDevice = z.infer<typeof simulatedDeviceSchema>;

/** `launchMs=2,imageMs=0.5,memoryImages=64` as it stands in the environment. */
export const simulatedDeviceText = z
  .string()
  .transform((text): unknown => Object.fromEntries(text.split(",").map((pair) => pair.split("=", 2))))
  .pipe(simulatedDeviceSchema);
