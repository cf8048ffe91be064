import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { decodeEntries } from "@labelfleet/gpu-worker/fetch/loader-pool";
import { inferEntry } from "@labelfleet/gpu-worker/infer/infer-thread-handle";
import { expect, it } from "vitest";
import { checkoutDir } from "../containers/checkout.js";

const resolve = createRequire(import.meta.url).resolve;

const requiredAtOnce = /^(?:export )?const [^=]* = createRequire\(import\.meta\.url\)\("([^"]+)"\)/gm;

/** What is loaded before a file's first line runs: our own built files, and the names of packages. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const [files, packages] = [new Set<string>(), new Set<string>()];
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, name] of text.matchAll(/^(?:import|export) (?:[^;]*? from )?"([^"]+)";/gm)) {
      if (name!.startsWith("node:")) continue;
      if (name!.startsWith(".")) visit(fileURLToPath(new URL(name!, `file://${file}`)));
      else if (name!.startsWith("@labelfleet/")) visit(resolve(name!));
      else packages.add(name!);
    }
    for (const [, name] of text.matchAll(requiredAtOnce)) packages.add(name!);
  };
  visit(entry);
  return { files, packages };
}

it("loads no more than a worker's main thread needs, which is most of its start", () => {
  const { files, packages } = loadedBy(resolve("@labelfleet/gpu-worker/worker"));
  expect([...packages].sort()).toEqual(["bullmq", "ioredis", "koffi", "zod"]);
  expect([...files].filter((file) => /build-onnx|s3-store|parquet-codec/.test(file))).toEqual([]);
});

it("loads no decoder and no SDK in infer threads, and no SDK in loader threads before they know their input", () => {
  expect([...loadedBy(fileURLToPath(inferEntry)).packages]).toEqual([]);
  const loader = loadedBy(fileURLToPath(decodeEntries.loaderThread)).packages;
  expect([...loader].sort()).toEqual(["koffi", "p-limit", "sharp"]);
});

it("loads next to nothing for a command that is only named", () => {
  const { packages } = loadedBy(`${checkoutDir}/packages/cli/dist/main.js`);
  expect([...packages].sort()).toEqual(["commander", "pino", "zod"]);
});
