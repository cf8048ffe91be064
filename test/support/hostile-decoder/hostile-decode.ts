import { open } from "node:fs/promises";
import { isMainThread } from "node:worker_threads";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { LabelfleetError } from "@labelfleet/shared/errors";

/**
 * What an image does to the decoder that gets it: kill the process; never answer; keep a thread of libuv's pool until
 * somebody opens the named pipe `HOSTILE_PIPE` for writing; tell which environment variables the decoder has; be refused by a
 * loader thread in the words of another image; or meet a fault that nobody foresaw.
 */
export type Spell = "die" | "hang" | "hold-thread" | "tell-environment" | "misjudge" | "throw";

const mark = "labelfleet-test-spell:";

/** The image with a spell behind its end, where decoders do not look. */
export function withSpell(image: Uint8Array, spell: Spell): Buffer {
  return Buffer.concat([image, Buffer.from(`${mark}${spell};`)]);
}

/** Decodes as labelfleet does, except for images with a spell. */
export const hostileDecode: typeof decodeForModels = async (bytes, specs, limits, takeMemory) => {
  switch (spellOf(bytes)) {
    case "die":
      process.kill(process.pid, "SIGSEGV");
      return new Promise(() => {});
    case "hang":
      for (;;);
    case "hold-thread":
      await (await open(process.env.HOSTILE_PIPE!)).close();
      return decodeForModels(bytes, specs, limits, takeMemory);
    case "tell-environment":
      throw new Error(JSON.stringify(Object.keys(process.env)));
    case "misjudge":
      if (!isMainThread) throw new LabelfleetError("IMAGE_UNSUPPORTED", "of another image", { cause: new Error() });
      return decodeForModels(bytes, specs, limits, takeMemory);
    case "throw":
      throw new TypeError("a fault of the decoder's own");
    default:
      return decodeForModels(bytes, specs, limits, takeMemory);
  }
};

function spellOf(bytes: Uint8Array): string | undefined {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-60).toString("latin1");
  return new RegExp(`${mark}([a-z-]+);$`).exec(end)?.[1];
}
