import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { probeConditionalPut } from "@labelfleet/shared/storage/conditional-probe";
import type { LeftOut, ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import type { S3Config } from "@labelfleet/shared/storage/s3-settings";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";
import { type CannedAnswer, type Intercept, xmlError } from "../support/s3-front.js";
import { type S3Server, startS3Server } from "../support/s3-server.js";

let server: S3Server;
let before: LeakSnapshot;
const stores: ObjectStore[] = [];

beforeAll(async () => {
  before = await takeSnapshot(import.meta.dirname);
  server = await startS3Server({ buckets: ["photos"] });
  await server.putObject("photos", "a.jpg", Buffer.alloc(100_000, "photo"));
});
afterEach(() => {
  server.intercept = undefined;
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await server.close();
  expect(await findLeaks(before)).toEqual([]);
});

async function open(uri = "s3://photos", changes: Partial<S3Config> = {}): Promise<ObjectStore> {
  const config = { ...s3ConfigFromEnv(server.env), maxAttempts: 3, ...changes };
  const { store } = await openStore(uri, { s3: config });
  stores.push(store);
  return store;
}

async function list(store: ObjectStore, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of store.list({ prefix })) keys.push(object.key);
  return keys;
}

/** Answers the first `times` requests with `answer`, then serves as usual; counts all of them. */
function failing(times: number, answer: CannedAnswer | "drop"): { intercept: Intercept; requests: () => number } {
  let count = 0;
  return { intercept: () => (++count <= times ? answer : undefined), requests: () => count };
}

describe("what S3 stores do badly", () => {
  it.each<[string, CannedAnswer | "drop"]>([
    ["503 SlowDown", xmlError(503, "SlowDown", "Please reduce your request rate.")],
    ["500", xmlError(500, "InternalError", "We encountered an internal error.")],
    ["a connection that is reset", "drop"],
    [
      "a body that breaks off",
      { status: 200, body: "half", headers: { "content-length": "100000", etag: '"x"' }, cut: true },
    ],
    ["409 on a conflict", xmlError(409, "ConditionalRequestConflict", "Conflict")],
  ])("retries %s until it works", async (_name, answer) => {
    const store = await open();
    const { intercept, requests } = failing(2, answer);
    server.intercept = intercept;
    expect((await store.get("a.jpg")).body.length).toBe(100_000);
    expect(requests()).toBe(3);
  });

  it.each<[string, CannedAnswer | "drop"]>([
    ["STORE_THROTTLED", xmlError(503, "SlowDown", "Please reduce your request rate.")],
    ["STORE_UNAVAILABLE", xmlError(502, "BadGateway", "x")],
    ["STORE_UNAVAILABLE", "drop"],
  ])("gives up with %s after its attempts", async (code, answer) => {
    const store = await open();
    const { intercept, requests } = failing(99, answer);
    server.intercept = intercept;
    await expect(store.get("a.jpg")).rejects.toMatchObject({ code, retryable: true });
    expect(requests()).toBe(3);
  });

  it("gives up on an answer, or a body, that does not come", async () => {
    const store = await open("s3://photos", { timeoutMs: 200, maxAttempts: 2 });
    server.intercept = () => new Promise((resolve) => setTimeout(resolve, 600, undefined));
    await expect(store.get("a.jpg")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    const stalled = { status: 200, body: "half", headers: { "content-length": "1000", etag: '"x"' } };
    server.intercept = () => stalled;
    await expect(store.get("a.jpg")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  });

  it("gives up on a body that trickles for ever, and on credentials that never come", async () => {
    const store = await open("s3://photos", { timeoutMs: 500, maxAttempts: 2 });
    const trickling = createServer((_, response) => {
      response.writeHead(200, { "content-length": 100_000, etag: '"x"' });
      const timer = setInterval(() => response.write("x"), 20);
      response.once("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => trickling.listen(0, "127.0.0.1", resolve));
    const { port } = trickling.address() as AddressInfo;
    const trickled = await open("s3://photos", {
      endpoint: `http://127.0.0.1:${port}`,
      timeoutMs: 100,
      maxAttempts: 1,
    });
    const startedMs = performance.now();
    // A large body may take as long as the slowest rate that still counts as a transfer.
    await expect(trickled.get("a.jpg", { maxBytes: 65_536 })).rejects.toMatchObject({ code: "OBJECT_TOO_LARGE" });
    await expect(trickled.get("a.jpg")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    trickling.closeAllConnections();
    await new Promise((resolve) => trickling.close(resolve));

    const waiting = await open("s3://photos", {
      timeoutMs: 200,
      maxAttempts: 2,
      credentials: () => new Promise(() => {}),
    });
    await expect(waiting.get("a.jpg")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    expect((await store.get("a.jpg")).body.length).toBe(100_000);
  });

  it("stops retrying when the caller aborts", async () => {
    const store = await open("s3://photos", { maxAttempts: 20 });
    server.intercept = () => "drop";
    const signal = AbortSignal.timeout(150);
    await expect(store.get("a.jpg", { signal })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(signal.aborted).toBe(true);
    await expect(store.get("a.jpg", { signal })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it.each<[string, string, CannedAnswer]>([
    ["OBJECT_DENIED", "get", xmlError(403, "AccessDenied", "Access Denied")],
    ["ACCESS_DENIED", "list", xmlError(403, "AccessDenied", "Access Denied")],
    ["ACCESS_DENIED", "put", xmlError(403, "AccessDenied", "Access Denied")],
    ["OBJECT_ARCHIVED", "get", xmlError(403, "InvalidObjectState", "archived")],
    ["CREDENTIALS_REFUSED", "get", xmlError(403, "SignatureDoesNotMatch", "x")],
    ["CREDENTIALS_REFUSED", "list", xmlError(400, "ExpiredToken", "x")],
    ["BUCKET_NOT_FOUND", "get", xmlError(404, "NoSuchBucket", "x")],
  ])("says %s of a refused %s at once, in one line without secrets", async (code, operation, answer) => {
    const store = await open();
    const { intercept, requests } = failing(99, answer);
    server.intercept = intercept;
    const calls: Record<string, () => Promise<unknown>> = {
      get: () => store.get("a.jpg"),
      list: () => list(store),
      put: () => store.put("b", Buffer.from("x")),
    };
    const error = await calls[operation]!().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code, name: "LabelfleetError" });
    expect((error as Error).message).toMatch(/^cannot \w+ s3:\/\/photos\/[^\n]*$/);
    expect((error as Error).message).not.toContain(server.env.AWS_SECRET_ACCESS_KEY);
    expect(requests()).toBe(1);
  });

  it("names the region of a bucket that lies elsewhere", async () => {
    const store = await open();
    server.intercept = () => ({
      ...xmlError(301, "PermanentRedirect", "x"),
      headers: { "x-amz-bucket-region": "eu-central-1" },
    });
    await expect(list(store)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("AWS_REGION=eu-central-1"),
    });
  });
});

describe("wrong settings", () => {
  it("says that the bucket does not exist", async () => {
    const store = await open("s3://no-such-bucket");
    await expect(list(store)).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
    await expect(store.put("x", Buffer.from("x"))).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
    await expect(probeConditionalPut(store, "")).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
  });

  it("says that the credentials are refused", async () => {
    const env = { ...server.env, AWS_ACCESS_KEY_ID: "somebody-else" };
    const store = await open("s3://photos", s3ConfigFromEnv(env));
    await expect(list(store)).rejects.toMatchObject({ code: "CREDENTIALS_REFUSED" });
    await expect(store.get("a.jpg")).rejects.toMatchObject({ code: "CREDENTIALS_REFUSED" });
    await expect(store.head("a.jpg")).rejects.toMatchObject({ code: "CREDENTIALS_REFUSED" });
    await expect(probeConditionalPut(store, "")).rejects.toMatchObject({ code: "CREDENTIALS_REFUSED" });
  });

  it("says that nothing answers at the endpoint", async () => {
    const env = { ...server.env, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9" };
    const store = await open("s3://photos", { ...s3ConfigFromEnv(env), maxAttempts: 2 });
    await expect(list(store)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("listing", () => {
  it("reads page after page, each key once, in byte order", async () => {
    await server.createBucket("many");
    const keys = Array.from({ length: 2_345 }, (_, i) => `${i % 2 ? "B" : "a"}/${String(i).padStart(6, "0")}.jpg`);
    for (const key of keys) await server.putObject("many", key, Buffer.from("x"));
    const store = await open("s3://many");
    const { intercept, requests } = failing(1, "drop");
    server.intercept = intercept;
    expect(await list(store)).toEqual([...keys].sort());
    expect(requests()).toBe(4);
  });

  it.each<[string, (xml: string) => string]>([
    ["lacks its token", (xml) => xml.replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, "")],
    ["has an empty token", (xml) => xml.replace(/(<NextContinuationToken>).*(<\/)/, "$1$2")],
    [
      "says TRUE of being truncated, and has no token but a marker",
      (xml) => {
        const marked = xml.replaceAll("NextContinuationToken", "NextMarker");
        return marked.replace("<IsTruncated>true", "<IsTruncated> TRUE ");
      },
    ],
    ["does not say whether it is truncated", (xml) => xml.replace(/<IsTruncated>.*<\/IsTruncated>/, "")],
  ])("reads what lies behind a page that %s", async (_, listing) => {
    server.intercept = () => ({ rewrite: { listing } });
    const keys = await list(await open("s3://many"));
    expect(keys).toEqual(server.listKeys("many"));
    expect(keys).toHaveLength(2_345);
  });

  it("tries an answer again that is no listing, or not a whole one, and never takes it for an empty bucket", async () => {
    const store = await open("s3://many");
    let answers = 0;
    server.intercept = () => {
      answers += 1;
      if (answers === 1) return { status: 200, body: "<html>Sign in to this network</html>" };
      return answers === 2 ? { rewrite: { listing: (xml) => xml.slice(0, xml.length / 2) } } : undefined;
    };
    expect(await list(store)).toHaveLength(2_345);
    server.intercept = () => ({ status: 200, body: "" });
    await expect(list(store)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("no listing"),
    });
  });

  it("ends when a store says for ever that there is more, with one error", async () => {
    const store = await open("s3://many");
    let requests = 0;
    const more = (xml: string) => xml.replace(/<IsTruncated>.*<\/IsTruncated>/, "<IsTruncated>true</IsTruncated>");
    server.intercept = ({ query }) => {
      requests += 1;
      query.delete("continuation-token");
      query.delete("start-after");
      return { rewrite: { listing: more } };
    };
    await expect(list(store)).rejects.toMatchObject({ code: "LISTING_FAULTY" });
    expect(requests).toBe(2);
  });

  it("gives single pages, with folders told once", async () => {
    await server.createBucket("pages");
    const keys = ["a b/1", "a b/2/x", "c+d.jpg", "e/", "e/f", "\u{1f600}/g", "\uffef.jpg"];
    for (const key of keys) await server.putObject("pages", key, Buffer.from("x"));
    const store = await open("s3://pages");
    const everything = { keys: ["c+d.jpg", "\uffef.jpg"], prefixes: ["a b/", "e/", "\u{1f600}/"], isTruncated: false };
    expect(await store.page!({ prefix: "", delimiter: "/" })).toEqual(everything);
    expect(await store.page!({ prefix: "a b/", delimiter: "/" })).toMatchObject({
      keys: ["a b/1"],
      prefixes: ["a b/2/"],
    });
    expect(await store.page!({ prefix: "", startAfter: "c", maxKeys: 2 })).toEqual({
      keys: ["c+d.jpg", "e/"],
      prefixes: [],
      isTruncated: true,
    });
    expect(await store.page!({ prefix: "e", startAfter: "e\u{10ffff}" })).toMatchObject({ keys: [] });
  });

  it("ends where it is told to, names that are not UTF-8 included", async () => {
    const entry = (key: string) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"x"</ETag></Contents>`;
    const encoded = ["a", "b%FF", "b%FFz", "c%FF", "d"].map(entry).join("");
    server.intercept = () => ({
      status: 200,
      body: `<ListBucketResult><EncodingType>url</EncodingType>${encoded}</ListBucketResult>`,
    });
    const left: string[] = [];
    const keys: string[] = [];
    const onLeftOut = ({ reason }: LeftOut) => {
      left.push(reason);
    };
    for await (const { key } of (await open()).list({ prefix: "", through: "c", onLeftOut })) keys.push(key);
    expect({ keys, left }).toEqual({ keys: ["a"], left: ["unnameable", "unnameable"] });
  });

  it("includes folder markers, with no bytes", async () => {
    await server.createBucket("markers");
    await server.putObject("markers", "folder/", Buffer.alloc(0));
    const store = await open("s3://markers");
    const objects = [];
    for await (const object of store.list({ prefix: "" })) objects.push(object);
    expect(objects).toMatchObject([{ key: "folder/", sizeBytes: 0 }]);
  });

  it("refuses a store that lists out of order, because resuming would lose keys", async () => {
    const entry = (key: string) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"x"</ETag></Contents>`;
    server.intercept = () => ({ status: 200, body: `<ListBucketResult>${entry("b")}${entry("a")}</ListBucketResult>` });
    await expect(list(await open())).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("the probe for conditional writes", () => {
  it("sees that a store ignores the condition", async () => {
    server.intercept = (request) => {
      delete request.headers["if-none-match"];
      return undefined;
    };
    expect(await probeConditionalPut(await open(), "out/")).toBe(false);
    expect(server.listKeys("photos", "out/")).toEqual([]);
  });

  it("sees that a store refuses the header", async () => {
    server.intercept = (request) =>
      request.headers["if-none-match"] ? xmlError(501, "NotImplemented", "A header you provided") : undefined;
    expect(await probeConditionalPut(await open(), "out/")).toBe(false);
  });

  it("sees that a store honours the condition although the answer to its first write is lost", async () => {
    let puts = 0;
    server.intercept = ({ method }) => (method === "PUT" && puts++ === 0 ? { deform: { lost: true } } : undefined);
    expect(await probeConditionalPut(await open(), "out/")).toBe(true);
    expect(puts).toBe(3);
    expect(server.listKeys("photos", "out/")).toEqual([]);
  });

  it("says that the output is not writable", async () => {
    server.intercept = (request) => (request.method === "PUT" ? xmlError(403, "AccessDenied", "x") : undefined);
    await expect(probeConditionalPut(await open(), "out/")).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });
});

it("rejects a read whose object was replaced, though the server ignores If-Match", async () => {
  server.intercept = (request) => {
    delete request.headers["if-match"];
    return undefined;
  };
  await expect((await open()).get("a.jpg", { ifMatch: "0".repeat(32) })).rejects.toMatchObject({
    code: "OBJECT_CHANGED",
  });
});

it.each([null, '""', 'W/"abc"', '"00000000000000000000000000000000-1"'])(
  "replaces a document of a run only while its bytes are those that were read, where every ETag is %s",
  async (etag) => {
    server.intercept = ({ headers }) =>
      headers["if-match"] ? xmlError(412, "PreconditionFailed", "x") : { rewrite: { headers: { etag } } };
    const folder = new RunFolder(await open(), "run/", "s3://photos/run/");
    await folder.writeJson("a.json", { n: 1 });
    const first = (await folder.readBytes("a.json"))!.etag;
    await folder.replaceJson("a.json", { n: 2 }, first);
    const second = (await folder.readBytes("a.json"))!;
    expect(JSON.parse(second.value.toString())).toEqual({ n: 2 });
    await expect(folder.replaceJson("a.json", { n: 3 }, first)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    expect((await folder.readBytes("a.json"))!.value).toEqual(second.value);
    await server.deleteObject("photos", "run/a.json");
  },
);

describe("GETs that leave the SDK's middleware out", () => {
  const strangeKeys = ["plain.jpg", "a b+c&d=e?f#g%h.jpg", "(é)'*!~@:$,;.jpg", "x//y/../z/./w.jpg", "日本/🖼.jpg"];

  /** Who asked for photos, in order: the SDK or the direct reader. */
  function watchReaders(answer: (key: string) => CannedAnswer | undefined = () => undefined): string[] {
    const readers: string[] = [];
    server.intercept = ({ method, key, headers }) => {
      if (method !== "GET" || key === "") return undefined;
      readers.push(/^labelfleet\//.test(headers["user-agent"] ?? "") ? "direct" : "sdk");
      return answer(key);
    };
    return readers;
  }

  it("give the same bodies, ETags and errors, whatever the key", async () => {
    const stores = [
      await open("s3://photos", { directReads: true }),
      await open("s3://photos", { directReads: false }),
    ];
    for (const key of strangeKeys) await stores[0]!.put(key, Buffer.from(`body of ${key}`));
    const outcomes: unknown[][] = [];
    for (const store of stores) {
      const readers = watchReaders();
      const outcome: unknown[] = [];
      for (const key of strangeKeys) {
        const { body, etag } = await store.get(key);
        expect(body.toString()).toBe(`body of ${key}`);
        outcome.push(etag, (await store.get(key, { ifMatch: etag, range: { start: 1, end: 3 } })).body.toString());
        outcome.push(await codeOf(store.get(key, { ifMatch: "0".repeat(32) })));
        outcome.push(await codeOf(store.get(key, { maxBytes: 2 })), await codeOf(store.get(`${key}.missing`)));
      }
      outcomes.push(outcome);
      const kinds = new Set(readers.slice(1));
      expect([...kinds]).toEqual([store === stores[0] ? "direct" : "sdk"]);
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
    expect(outcomes[0]).toContain("OBJECT_CHANGED");
  });

  it("go back to the SDK after a refusal, and say what it says", async () => {
    const store = await open("s3://photos", { maxAttempts: 1 });
    await store.get("a.jpg");
    const readers = watchReaders((key) =>
      key === "denied" ? xmlError(403, "AccessDenied", "Access Denied") : undefined,
    );
    await store.get("a.jpg");
    expect(await codeOf(store.get("denied"))).toBe("OBJECT_DENIED");
    await store.get("a.jpg");
    await store.get("a.jpg");
    expect(readers).toEqual(["direct", "direct", "sdk", "direct"]);
    server.intercept = () => ({ status: 301, headers: { "x-amz-bucket-region": "eu-west-3" } });
    await expect(store.get("a.jpg")).rejects.toMatchObject({
      message: expect.stringContaining("AWS_REGION=eu-west-3"),
    });
  });

  it("come to their end when another one is refused meanwhile, and then give their connections up", async () => {
    const whole = "x".repeat(100_000);
    let finishSlow = () => {};
    const canned = createServer(({ url }, response) => {
      if (url?.includes("denied")) {
        response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
        return;
      }
      response.writeHead(200, { "content-length": whole.length, etag: '"x"' });
      if (!url?.includes("slow")) return void response.end(whole);
      response.write(whole.slice(0, 10));
      finishSlow = () => response.end(whole.slice(10));
    });
    await new Promise<void>((resolve) => canned.listen(0, "127.0.0.1", resolve));
    const { port } = canned.address() as AddressInfo;
    const store = await open("s3://photos", { endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1 });
    await store.get("learn from me");
    const slow = store.get("slow");
    slow.catch(() => undefined);
    const denials = await Promise.all(["denied", "denied too"].map((key) => codeOf(store.get(key))));
    expect(denials).toEqual(["OBJECT_DENIED", "OBJECT_DENIED"]);
    finishSlow();
    expect((await slow).body.length).toBe(whole.length);
    const connections = () => new Promise<number>((resolve) => canned.getConnections((_, count) => resolve(count)));
    // The SDK's own stays.
    await expect.poll(connections).toBe(1);
    canned.closeAllConnections();
    await new Promise((resolve) => canned.close(resolve));
  });

  it("end with their deadline and with the caller's signal", async () => {
    const store = await open("s3://photos", { timeoutMs: 200, maxAttempts: 1 });
    await store.get("a.jpg");
    server.intercept = () => new Promise(() => {});
    await expect(store.get("a.jpg")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    const patient = await open("s3://photos", { maxAttempts: 1 });
    server.intercept = undefined;
    await patient.get("a.jpg");
    server.intercept = () => new Promise(() => {});
    await expect(patient.get("a.jpg", { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });
});

async function codeOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => "ok",
    (error: { code: string }) => error.code,
  );
}
