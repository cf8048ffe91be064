import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { DecodeImage, FromDecoder, ToDecoder } from "./messages.js";

/** A decoder process: answers each image that comes over its IPC channel, and ends with its parent. */
export function serveDecodes(decode: DecodeImage): void {
  const send = (message: FromDecoder) => process.send!(message);
  process.on("message", ({ bytes, specs, options }: ToDecoder) => {
    decode(bytes, specs, options).then(
      ({ widthPx, heightPx, pixels }) => send({ type: "decoded", widthPx, heightPx, pixels }),
      (error: unknown) => {
        const { code, message } = toLabelfleetError(error);
        send({ type: "failed", code, message });
      },
    );
  });
  // Node's orderly exit waits for its pool's threads, which a decode that hangs never gives back.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  send({ type: "ready" });
}
