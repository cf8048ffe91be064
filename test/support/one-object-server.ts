import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How one request for the object is answered. What is not said is as S3 does it. */
export interface OneAnswer {
  body?: Buffer;
  /** Quoted; null: the answer has none. */
  etag?: string | null;
  lastModified?: string;
  ignoresRange?: boolean;
  /** Instead of what the answer would say. */
  contentRange?: string | null;
  status?: number;
  /** No Content-Length: the body comes in chunks. */
  isChunked?: boolean;
  /** The connection is reset behind so many bytes. */
  cutAfterBytes?: number;
  /** Nothing more comes behind so many bytes, and the connection stays open. */
  stallAfterBytes?: number;
  bytesPerSecond?: number;
  /** Sent behind a body that is already as long as announced. */
  extra?: Buffer;
  /** Not even a head comes. */
  isSilent?: boolean;
}

export interface OneRequest {
  method: string;
  /** Decoded, with the bucket before it. */
  path: string;
  range: string | undefined;
  ifMatch: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface OneObjectServer {
  endpoint: string;
  /** All that came, in order. */
  requests: OneRequest[];
  /** Bytes of bodies that were written, whoever read them. */
  sentBytes: () => number;
  close(): Promise<void>;
}

const piecesPerSecond = 20;

/** Serves one object under every key, with `Range` and `If-Match`, and each answer as badly as the test wants. */
export async function startOneObjectServer(
  body: Buffer,
  behave: (request: OneRequest, index: number) => OneAnswer,
): Promise<OneObjectServer> {
  const requests: OneRequest[] = [];
  let sentBytes = 0;
  const server = createServer((incoming, response) => {
    const { range, "if-match": ifMatch } = incoming.headers;
    const path = decodeURIComponent((incoming.url ?? "").split("?")[0]!.slice(1));
    const request = { method: incoming.method ?? "", path, range, ifMatch, headers: incoming.headers };
    requests.push(request);
    const behaviour = behave(request, requests.length - 1);
    send(response, request, { body, ...behaviour }, (bytes) => {
      sentBytes += bytes;
    }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    sentBytes: () => sentBytes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function send(
  response: ServerResponse,
  { range, ifMatch }: OneRequest,
  answer: OneAnswer & { body: Buffer },
  count: (bytes: number) => void,
): Promise<void> {
  const { body, etag = '"the-etag"', isSilent, ignoresRange, isChunked } = answer;
  if (isSilent) return;
  if (ifMatch !== undefined && ifMatch !== etag) return void response.writeHead(412).end();
  const bounds = ignoresRange ? null : /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  const start = Number(bounds?.[1] ?? 0);
  const end = Math.min(body.length, bounds?.[2] ? Number(bounds[2]) + 1 : body.length);
  if (start >= body.length && bounds) return void response.writeHead(416).end();
  const part = body.subarray(start, end);
  const told = answer.contentRange === undefined ? `bytes ${start}-${end - 1}/${body.length}` : answer.contentRange;
  const isPart = bounds !== null || answer.contentRange != null;
  response.writeHead(answer.status ?? (isPart ? 206 : 200), {
    ...(etag !== null && { etag }),
    ...(answer.lastModified !== undefined && { "last-modified": answer.lastModified }),
    ...(isPart && told !== null && { "content-range": told }),
    ...(!isChunked && { "content-length": part.length }),
  });
  await sendBody(response, part, answer, count);
}

async function sendBody(
  response: ServerResponse,
  part: Buffer,
  { cutAfterBytes, stallAfterBytes, bytesPerSecond, extra }: OneAnswer,
  count: (bytes: number) => void,
): Promise<void> {
  const length = Math.min(part.length, cutAfterBytes ?? part.length, stallAfterBytes ?? part.length);
  const step = bytesPerSecond === undefined ? 64 * 1024 : Math.ceil(bytesPerSecond / piecesPerSecond);
  for (let at = 0; at < length && !response.destroyed; at += step) {
    if (bytesPerSecond !== undefined && at > 0) await sleep(1000 / piecesPerSecond);
    const piece = part.subarray(at, Math.min(length, at + step));
    // Called with an error, too, when the client is gone.
    await new Promise((resolve) => response.write(piece, resolve));
    count(piece.length);
  }
  if (cutAfterBytes !== undefined && cutAfterBytes < part.length) return void response.socket?.resetAndDestroy();
  if (stallAfterBytes !== undefined && stallAfterBytes < part.length) return;
  if (extra) response.socket?.write(extra);
  response.end();
}
