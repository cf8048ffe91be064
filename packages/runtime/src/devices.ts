import { existsSync } from "node:fs";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import type { Device } from "./session.js";

export interface OpenedOn<T> {
  readonly opened: T;
  readonly device: Device;
  /** One line, when `auto` wanted CUDA and got the CPU. */
  readonly fallbackReason?: string;
}

/**
 * Opens something on the device asked for. `auto` is CUDA where that works and the CPU otherwise; a device asked for by
 * name is that device or an error.
 *
 * @param open opens on one device; it throws where the device cannot be used
 * @throws LabelfleetError DEVICE_UNAVAILABLE when `cuda` was asked for and does not work
 */
export async function openOnDevice<T>(
  choice: DeviceChoice,
  open: (device: Device) => Promise<T>,
): Promise<OpenedOn<T>> {
  if (choice === "cpu") return { opened: await open("cpu"), device: "cpu" };
  try {
    return { opened: await open("cuda"), device: "cuda" };
  } catch (cause) {
    // A device that is full is there: the caller can make room.
    if (hasCode(cause, "INFERENCE_OUT_OF_MEMORY")) throw cause;
    const reason = oneLine(cause);
    if (choice === "cuda") {
      throw new LabelfleetError(
        "DEVICE_UNAVAILABLE",
        `--device cuda cannot be used: ${reason}; install onnxruntime's CUDA libraries, or use --device cpu`,
        { cause },
      );
    }
    return { opened: await open("cpu"), device: "cpu", fallbackReason: `no CUDA, using the CPU: ${reason}` };
  }
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
