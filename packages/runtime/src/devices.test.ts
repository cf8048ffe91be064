import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { describe, expect, it } from "vitest";
import { openOnDevice } from "./devices.js";
import type { Device } from "./session.js";

const noCuda = async (device: Device) => {
  if (device === "cuda") throw new Error("Failed to load shared library\n  at provider.cc:12");
  return `on ${device}`;
};
const withCuda = async (device: Device) => `on ${device}`;

describe("openOnDevice", () => {
  it("takes CUDA for auto where it works, without a word", async () => {
    expect(await openOnDevice("auto", withCuda)).toEqual({ opened: "on cuda", device: "cuda" });
  });

  it("falls back from auto to the CPU with a reason of one line", async () => {
    const result = await openOnDevice("auto", noCuda);
    expect(result).toMatchObject({ opened: "on cpu", device: "cpu" });
    expect(result.fallbackReason).toBe("no CUDA, using the CPU: Failed to load shared library at provider.cc:12");
  });

  it("does not look for CUDA when the CPU was asked for", async () => {
    expect(await openOnDevice("cpu", withCuda)).toEqual({ opened: "on cpu", device: "cpu" });
  });

  it("refuses to replace CUDA when it was asked for by name", async () => {
    await expect(openOnDevice("cuda", noCuda)).rejects.toSatisfy((error) => hasCode(error, "DEVICE_UNAVAILABLE"));
  });

  it("a device that is full is no reason to compute elsewhere", async () => {
    const full = async () => {
      throw new LabelfleetError("INFERENCE_OUT_OF_MEMORY", "full");
    };
    await expect(openOnDevice("auto", full)).rejects.toMatchObject({ code: "INFERENCE_OUT_OF_MEMORY" });
  });
});
