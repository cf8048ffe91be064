import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** How the network treats an answer that the server did give. The request has had its effect by then. */
export interface Deformation {
  /** How much of the body arrives, 0 to 1; all of it unless told. The head still announces the whole. */
  fraction?: number;
  /** How the connection ends behind a body that breaks off; "reset" unless told. */
  end?: "reset" | "close";
  /** The body comes in pieces of `bytes`, one every `everyMs`. */
  trickle?: { bytes: number; everyMs: number };
  /** No byte of the answer arrives: the connection is reset when the server has answered. */
  lost?: boolean;
}

/** Makes what is written to `response` from now on arrive as the deformation says. Call it before the request is served. */
export function deform(response: ServerResponse, deformation: Deformation): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  const write = response.write.bind(response) as (chunk: Buffer) => boolean;
  const end = response.end.bind(response);
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown, encoding: unknown) => {
    if (typeof chunk === "string")
      chunks.push(Buffer.from(chunk, typeof encoding === "string" ? (encoding as "utf8") : "utf8"));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  response.writeHead = (...args: unknown[]) => (deformation.lost ? response : writeHead(...args));
  response.write = ((chunk: unknown, encoding: unknown) => {
    keep(chunk, encoding);
    return true;
  }) as typeof response.write;
  response.end = ((chunk: unknown, encoding: unknown) => {
    keep(chunk, encoding);
    response.write = write as typeof response.write;
    response.end = end;
    void send(response, Buffer.concat(chunks), deformation).catch(() => response.destroy());
    return response;
  }) as typeof response.end;
}

async function send(response: ServerResponse, body: Buffer, deformation: Deformation): Promise<void> {
  const { fraction = 1, end = "reset", trickle, lost = false } = deformation;
  if (lost) return void response.socket?.resetAndDestroy();
  const part = body.subarray(0, Math.floor(body.length * fraction));
  const step = trickle?.bytes ?? Math.max(1, part.length);
  response.flushHeaders();
  for (let at = 0; at < part.length && !response.destroyed; at += step) {
    if (trickle !== undefined && at > 0) await sleep(trickle.everyMs);
    // What was written has to leave before a reset, or the whole answer would be lost.
    await new Promise((resolve) => response.write(part.subarray(at, at + step), resolve));
  }
  if (fraction >= 1) return void response.end();
  if (end === "close") response.socket?.end();
  else response.socket?.resetAndDestroy();
}
