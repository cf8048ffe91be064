import { type FileHandle, open } from "node:fs/promises";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { networkOf } from "../efficientnet/network.js";
import type { ModelCard } from "../model-card.js";
import { formatBytes } from "./other-formats.js";
import { lengthBytes, maxHeaderBytes, parseSafetensorsHeader } from "./safetensors-header.js";

/**
 * Whether a file is safetensors whose classifier is that of the card, by its header alone: the numbers are read when the graph is built.
 *
 * @param source what to call the file in messages
 * @throws LabelfleetError MODEL_INVALID
 */
export async function checkWeightsFile(
  path: string,
  { architecture, modelArgs, numClasses }: Pick<ModelCard, "architecture" | "modelArgs" | "numClasses">,
  source: string,
): Promise<void> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const { entries } = parseSafetensorsHeader(await beginning(handle), source, size);
    if (architecture === undefined) return;
    const { name, inFeatures } = networkOf(architecture, modelArgs).classifier;
    const tensor = `${name}.weight`;
    const shape = entries.get(tensor)?.shape;
    if (shape === undefined) throw new LabelfleetError("MODEL_INVALID", `${source}: tensor ${tensor} is missing`);
    if (shape.length !== 2 || shape[0] !== numClasses || shape[1] !== inFeatures) {
      throw new LabelfleetError(
        "MODEL_INVALID",
        `${source}: tensor ${tensor} has shape [${shape}], expected [${numClasses},${inFeatures}] of ${architecture} with ${numClasses} classes`,
      );
    }
  } finally {
    await handle.close();
  }
}

/** As many bytes as the header has, by its own length; of a length beyond the format's limits what tells another format. */
async function beginning(handle: FileHandle): Promise<Uint8Array> {
  const start = await read(handle, formatBytes);
  if (start.byteLength < lengthBytes) return start;
  const headerBytes = start.readBigUInt64LE();
  return headerBytes > maxHeaderBytes ? start : read(handle, lengthBytes + Number(headerBytes));
}

async function read(handle: FileHandle, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
  return buffer.subarray(0, bytesRead);
}
