import { z } from "zod";

/** What a device that computes nothing pretends to be. */
export const simulatedDeviceSchema = z.strictObject({
  /** Milliseconds of each inference call, however many images it has. */
  launchMs: z.coerce.number().min(0),
  /** Milliseconds of each image. */
  imageMs: z.coerce.number().min(0),
  /** Images that one call may have; more are out of memory. */
  memoryImages: z.coerce.number().int().min(1).default(1024),
});
export type SimulatedDevice = z.infer<typeof simulatedDeviceSchema>;

/** `launchMs=2,imageMs=0.5,memoryImages=64` as it stands in the environment. */
export const simulatedDeviceText = z
  .string()
  .transform((text): unknown => Object.fromEntries(text.split(",").map((pair) => pair.split("=", 2))))
  .pipe(simulatedDeviceSchema);
