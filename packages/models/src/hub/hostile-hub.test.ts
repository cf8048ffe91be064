import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, expect, it } from "vitest";
import { madeUpWeights } from "../test-support/made-up-weights.js";
import { HubClient } from "./hub-client.js";
import { defaultHubLimits } from "./hub-limits.js";
import { parseHubSource } from "./hub-source.js";
import { pullModel } from "./pull-model.js";

const config = {
  architecture: "tf_efficientnet_lite0",
  num_classes: 3,
  pretrained_cfg: {
    ...{ input_size: [3, 224, 224], crop_pct: 0.9, interpolation: "bilinear" },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  },
};
const weights = Buffer.from(madeUpWeights("tf_efficientnet_lite0", 3));

/** What the hub answers to a file's name; by default what a sound hub would. */
let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;
let server: Server;
let endpoint: string;
let cacheDir: string;

beforeEach(async () => {
  answers = { "config.json": sound(Buffer.from(JSON.stringify(config))), "model.safetensors": sound(weights) };
  server = createServer((request, response) => {
    const name = request.url!.split("/").at(-1)!;
    answers[name]!(request, response);
  });
  endpoint = await listening(server);
  cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-hostile-hub-"));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(cacheDir, { recursive: true, force: true });
});

async function listening(listener: Server): Promise<string> {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

function sound(bytes: Buffer) {
  return ({ method }: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-length": bytes.length }).end(method === "HEAD" ? undefined : bytes);
  };
}

/** Says `statedBytes` (nothing where null), and sends pieces of it until the connection ends. */
function endless(statedBytes: number | null, { pieceBytes = 256 * 1024, everyMs = 0 } = {}) {
  return ({ method }: IncomingMessage, response: ServerResponse) => {
    if (method === "HEAD") {
      response.writeHead(200, statedBytes === null ? {} : { "content-length": statedBytes }).end();
      return;
    }
    response.writeHead(200);
    const send = () => {
      if (response.destroyed) return;
      response.write(Buffer.alloc(pieceBytes, " "), () =>
        everyMs > 0 ? setTimeout(send, everyMs) : setImmediate(send),
      );
    };
    send();
  };
}

const pull = (limits: Partial<typeof defaultHubLimits> = {}) =>
  pullModel(parseHubSource("hf:some/one")!, {
    cacheDir,
    hub: { endpoint, token: null },
    limits: { ...defaultHubLimits, ...limits },
  });

async function refused(
  limits: Partial<typeof defaultHubLimits>,
  code: "MODEL_INVALID" | "HUB_UNAVAILABLE",
  why: RegExp,
) {
  const pulling = pull(limits);
  await expect(pulling).rejects.toThrow(why);
  await expect(pulling).rejects.toSatisfy((error) => hasCode(error, code));
}

it("pulls from this hub when it is sound", async () => {
  expect((await pull()).card.numClasses).toBe(3);
});

it.each([
  ["a stated size beyond the bound", endless(600_000_000), /600000000 bytes, and at most 16777216 are taken/],
  ["no stated size and a body without end", endless(null), /more bytes than that, and at most 16777216 are taken/],
  ["a body beyond the stated size", endless(500), /more bytes than that, and the hub says 500/],
])("config.json: refuses %s, and keeps nothing", async (_what, answer, why) => {
  answers["config.json"] = answer;
  await refused({}, "MODEL_INVALID", why);
  expect(await readdir(join(cacheDir, "hub", "some--one--main--one.partial"))).toEqual([]);
});

it("weights: refuses a body beyond the stated size", async () => {
  answers["model.safetensors"] = endless(1_000_000);
  await refused({}, "MODEL_INVALID", /model\.safetensors: more bytes than that, and the hub says 1000000/);
});

it.each([
  ["spaces", Buffer.alloc(1_000_000, " "), /header of 2314885530818453536 bytes is over the limit/],
  ["nothing", Buffer.alloc(0), /the file is empty/],
  ["weights that were cut short", weights.subarray(0, weights.length - 8), /outside the \d+ bytes of data/],
  [
    "weights of another number of classes",
    Buffer.from(madeUpWeights("tf_efficientnet_lite0", 4)),
    /classifier\.weight has shape \[4,1280\], expected \[3,1280\]/,
  ],
])("says no success for weights that are none: %s", async (_what, bytes, why) => {
  answers["model.safetensors"] = sound(bytes);
  await refused({}, "MODEL_INVALID", why);
});

it.each([2_000_000_000, 200_001, 1.5, 0, -1, 1e300, "3"])(
  "refuses %s classes before it makes a list",
  async (num_classes) => {
    answers["config.json"] = sound(Buffer.from(JSON.stringify({ ...config, num_classes })));
    await refused({}, "MODEL_INVALID", /num_classes/);
  },
);

it("ends with a body that trickles, after as many attempts as with one that is cut off", async () => {
  answers["model.safetensors"] = endless(weights.length, { pieceBytes: 10, everyMs: 5 });
  await refused({ windowMs: 50, firstPauseMs: 1 }, "HUB_UNAVAILABLE", /brings next to nothing/);
}, 15_000);

it("ends when everything together takes too long, though each piece comes in time", async () => {
  answers["model.safetensors"] = endless(weights.length, { pieceBytes: 10_000, everyMs: 20 });
  await refused({ totalMs: 1_000 }, "HUB_UNAVAILABLE", /took longer than 1 s/);
}, 15_000);

it("ends when headers trickle", async () => {
  answers["config.json"] = (_request, response) => {
    const { socket } = response;
    socket?.write("HTTP/1.1 200 OK\r\n");
    const timer = setInterval(() => socket?.write("x-more: 1\r\n"), 20);
    socket?.once("close", () => clearInterval(timer));
  };
  await refused({ totalMs: 500 }, "HUB_UNAVAILABLE", /took longer than/);
}, 15_000);

it("does not unpack an answer that was compressed unasked", async () => {
  answers["config.json"] = ({ method }, response) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-length": 3 }).end(method === "HEAD" ? "" : "abc");
  };
  await refused({}, "MODEL_INVALID", /not JSON/);
});

it.each(["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "http://["])(
  "refuses a redirect to %s",
  async (location) => {
    answers["config.json"] = (_request, response) => void response.writeHead(302, { location }).end();
    await refused({}, "MODEL_INVALID", /redirects from http:\/\/ to .+: refused/);
  },
);

it("sends the token to the hub's own scheme, host and port only", async () => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(200, { "content-length": 0 }).end();
  });
  const otherPort = await listening(other);
  answers["config.json"] = (_request, response) => void response.writeHead(302, { location: `${otherPort}/x` }).end();
  // The same host and port by http, while the hub is named by https.
  const clients = [
    new HubClient({ endpoint, token: "hf_secret" }),
    new HubClient({ endpoint: otherPort.replace("http:", "https:"), token: "hf_secret" }),
  ];
  try {
    await (await clients[0]!.fetch("GET", `${endpoint}/config.json`)).body.dump({
      limit: 1,
      signal: new AbortController().signal,
    });
    await (await clients[1]!.fetch("GET", `${otherPort}/x`)).body.dump({
      limit: 1,
      signal: new AbortController().signal,
    });
    expect(seen).toEqual([undefined, undefined]);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    other.closeAllConnections();
    other.close();
  }
});
