import { simulatedDeviceSchema } from "@labelfleet/shared/simulated-device";
import { expect, test } from "vitest";
import { usableCores } from "../cores.js";
import { DeviceFacts, parseGpu } from "./device-memory.js";

const mib = 1024 ** 2;
const simulated = simulatedDeviceSchema.parse({ launchMs: 1, imageMs: 1, memoryMib: 300 });

test("what is given counts, whatever the device", async () => {
  const facts = new DeviceFacts({ simulated, cores: 1, givenMib: 100 });
  expect(await Promise.all(["cpu", "cuda", "simulated"].map((device) => facts.memoryBytes(device)))).toEqual(
    Array(3).fill(100 * mib),
  );
});

test("on a CPU workers that share the cores share half of the free memory", async () => {
  const bytes = (cores: number) => new DeviceFacts({ simulated: null, cores, givenMib: null }).memoryBytes("cpu");
  const free = process.availableMemory();
  const all = await bytes(usableCores());
  expect(all).toBeGreaterThan(0.3 * free);
  expect(all).toBeLessThan(0.7 * free);
  expect(await bytes(10 * usableCores())).toBeLessThan(0.7 * free);
  const half = await bytes(usableCores() / 2);
  expect(half).toBeGreaterThan(0.3 * all);
  expect(half).toBeLessThan(0.7 * all);
});

test("a simulated device has the memory that it says, and another name when it is another device", async () => {
  const facts = new DeviceFacts({ simulated, cores: 1, givenMib: null });
  expect(await facts.memoryBytes("simulated")).toBe(300 * mib);
  const other = new DeviceFacts({ simulated: { ...simulated, imageMs: 2 }, cores: 1, givenMib: null });
  expect(await facts.name("simulated")).not.toBe(await other.name("simulated"));
});

test("the first line of nvidia-smi names the GPU and its free memory; anything else says nothing", () => {
  expect(parseGpu("NVIDIA A100-SXM4-80GB, 81037\nNVIDIA A100-SXM4-80GB, 512\n")).toEqual({
    name: "NVIDIA A100-SXM4-80GB",
    freeMib: 81_037,
  });
  expect(parseGpu("No devices were found\n")).toBeNull();
  expect(parseGpu("")).toBeNull();
});
