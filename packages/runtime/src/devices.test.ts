import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { describe, expect, it } from "vitest";
import { findDevice } from "./devices.js";

const noCuda = async () => {
  throw new Error("Failed to load shared library\n  at provider.cc:12");
};
const withCuda = async () => {};
const neverAsked = async () => {
  throw new Error("asked");
};

describe("findDevice", () => {
  it("takes CUDA for auto where it works, without a word", async () => {
    expect(await findDevice("auto", withCuda)).toEqual({ device: "cuda" });
  });

  it("falls back from auto to the CPU with a reason of one line", async () => {
    expect(await findDevice("auto", noCuda)).toEqual({
      device: "cpu",
      fallbackReason: "no CUDA, using the CPU: Failed to load shared library at provider.cc:12",
    });
  });

  it("does not look for CUDA when the CPU was asked for", async () => {
    expect(await findDevice("cpu", neverAsked)).toEqual({ device: "cpu" });
  });

  it("refuses to replace CUDA when it was asked for by name", async () => {
    await expect(findDevice("cuda", noCuda)).rejects.toSatisfy((error) => hasCode(error, "DEVICE_UNAVAILABLE"));
  });

  it("a device that is full is no reason to compute elsewhere", async () => {
    const full = async () => {
      throw new LabelfleetError("INFERENCE_OUT_OF_MEMORY", "full");
    };
    expect(await findDevice("auto", full)).toEqual({ device: "cuda" });
  });
});
