import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { scanRows } from "@labelfleet/shared/run/shard-rows";
import { isKnownEtag } from "@labelfleet/shared/storage/etag";
import type { FromIndexThread, IndexThreadInput, ToIndexThread } from "./index-messages.js";
import { listShards } from "./list-shards.js";
import { columnsOf } from "./shard-columns.js";

/** Reading the next shards while one is parsed hides what a distant store takes. Posted ones that are not taken count: none pile up. */
const shardsAtOnce = 4;
/** A shard larger than this waits until no other is being read. */
const largeBytes = 8 * 1024 * 1024;

/** Reads every shard of a run that is not known, or not in this version, and posts what an index keeps of it. */
async function main(port: MessagePort, { run, known }: IndexThreadInput): Promise<void> {
  const post = (message: FromIndexThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  /** Of each posted shard, what to call when it is taken; they are taken in their order. */
  const onTaken: (() => void)[] = [];
  port.on("message", (_: ToIndexThread) => onTaken.shift()?.());
  const folder = await RunFolder.open(run);
  const etags = new Map(known);
  const pending = new Set<Promise<void>>();
  let listed = 0;
  try {
    for await (const { id, file } of listShards(folder, await folder.readSpec())) {
      listed++;
      const known = etags.get(file.name);
      etags.delete(file.name);
      if (known === file.etag && isKnownEtag(file.etag, file.sizeBytes)) continue;
      const isLarge = file.sizeBytes > largeBytes;
      while (pending.size >= (isLarge ? 1 : shardsAtOnce)) await Promise.race(pending);
      const reading = (async () => {
        try {
          const columns = await columnsOf(scanRows(folder, file));
          const { offset, label, probability, code } = columns;
          const taken = new Promise<void>((resolve) => onTaken.push(resolve));
          post({ kind: "shard", id, columns }, [offset.buffer, label.buffer, probability.buffer, code.buffer]);
          await taken;
        } catch (error) {
          post({ kind: "unreadable", name: file.name, message: toLabelfleetError(error).message });
        }
      })();
      pending.add(reading);
      void reading.finally(() => pending.delete(reading));
    }
    await Promise.all(pending);
    post({ kind: "done", listed, gone: [...etags.keys()] });
  } catch (error) {
    post({ kind: "failed", message: toLabelfleetError(error).message });
  } finally {
    await folder.close();
    port.close();
  }
}

if (parentPort !== null) await main(parentPort, workerData as IndexThreadInput);
