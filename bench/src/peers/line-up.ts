import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { resolveModel } from "@labelfleet/models/registry";
import { type Contestant, ours, type PeerModel, peer } from "./contestants.js";

const modelName = "efficientnet-lite0";
const int8Folder = fileURLToPath(new URL("../../../.cache/bench/models/efficientnet-lite0-int8", import.meta.url));

/** Crops of a dozen photos often show no one thing, so the top two classes lie close together and change places. */
const minAgreement = "80%";

/** What each peer was fastest with on two cores, of the variants in bench/README.md. */
const dataLoaderFlags = ["--workers", "3", "--batch-size", "4", "--threads", "1"];
const fusedFlags = ["--form", "fused", "--actors", "2", "--batch-size", "32", "--blocks", "8"];
const stagedFlags = ["--form", "staged", "--actors", "1", "--batch-size", "8", "--blocks", "8"];

/** Who is measured at a photo size; the first one is what the others are compared with. */
export async function lineUp(size: string, python: string, calibrationFolder: string): Promise<Contestant[]> {
  const model = await resolveModel(modelName);
  const { inputPx, cropPct } = model.card;
  const peerModel: PeerModel = { python, model: await ensureOnnx(model), inputPx, cropPct };
  const dataLoader = (name: string, ...flags: string[]) =>
    peer(name, "dataloader_peer.py", [...dataLoaderFlags, ...flags], peerModel);
  const ray = (name: string, ...flags: string[]) => peer(name, "ray_peer.py", flags, peerModel);
  if (size === "12mp") {
    return [
      ours("labelfleet", modelName, true),
      dataLoader("DataLoader"),
      ray("Ray Data, fused", ...fusedFlags),
      dataLoader("DataLoader, draft", "--draft"),
      ray("Ray Data, fused, draft", ...fusedFlags, "--draft"),
    ];
  }
  quantized(calibrationFolder);
  return [
    ours("labelfleet", modelName, true),
    dataLoader("DataLoader"),
    ray("Ray Data, fused", ...fusedFlags),
    ray("Ray Data, staged", ...stagedFlags),
    ours("labelfleet int8", int8Folder, false),
  ];
}

/** The model in 8 bits, made once. */
function quantized(calibrationFolder: string): void {
  if (existsSync(join(int8Folder, "model.json"))) return;
  const bin = join(dirname(fileURLToPath(import.meta.resolve("labelfleet/package.json"))), "bin/labelfleet.js");
  const args = [bin, "models", "quantize", modelName, "--calibrate", calibrationFolder, "--out", int8Folder];
  args.push("--min-agreement", minAgreement);
  if (spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] }).status !== 0) {
    throw new Error("labelfleet models quantize failed: see its message above");
  }
}
