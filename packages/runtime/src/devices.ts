import { existsSync } from "node:fs";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";

export interface FoundDevice {
  readonly device: "cpu" | "cuda";
  /** One line, when `auto` wanted CUDA and got the CPU. */
  readonly fallbackReason?: string;
}

/**
 * Finds out what a choice means: `auto` is CUDA where that works and the CPU otherwise; a device asked for by name is that
 * device or an error.
 *
 * @param tryCuda opens something on CUDA and closes it; it throws where CUDA cannot be used
 * @throws LabelfleetError DEVICE_UNAVAILABLE when `cuda` was asked for and does not work
 */
export async function findDevice(choice: DeviceChoice, tryCuda: () => Promise<void>): Promise<FoundDevice> {
  if (choice === "cpu") return { device: "cpu" };
  try {
    await tryCuda();
  } catch (cause) {
    // A device that is full is there: the caller can make room.
    if (hasCode(cause, "INFERENCE_OUT_OF_MEMORY")) return { device: "cuda" };
    const reason = oneLine(cause);
    if (choice === "auto") return { device: "cpu", fallbackReason: `no CUDA, using the CPU: ${reason}` };
    throw new LabelfleetError(
      "DEVICE_UNAVAILABLE",
      `--device cuda cannot be used: ${reason}; install onnxruntime's CUDA libraries, or use --device cpu`,
      { cause },
    );
  }
  return { device: "cuda" };
}

/** Whether there is a graphics processor that CUDA could use: then it is worth a warning when it does not. */
export function hasNvidiaDevice(): boolean {
  return ["/dev/nvidiactl", "/dev/dxg"].some((path) => existsSync(path));
}

const maxReasonLength = 200;

/** onnxruntime's messages span lines and name its source files; the first line's end is what helps. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, " ").trim().slice(0, maxReasonLength);
}
