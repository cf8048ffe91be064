import { randomBytes } from "node:crypto";
import type { GetOptions, ObjectStore, ReadProgress } from "@labelfleet/shared/storage/object-store";
import type { S3Config } from "@labelfleet/shared/storage/s3-settings";
import { S3Store } from "@labelfleet/shared/storage/s3-store";
import { afterEach, describe, expect, it } from "vitest";
import {
  type OneAnswer,
  type OneObjectServer,
  type OneRequest,
  startOneObjectServer,
} from "../support/one-object-server.js";

const photo = randomBytes(300_000);
const etag = "the-etag";
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource.close();
});

interface Read {
  server: OneObjectServer;
  get: (options?: GetOptions) => ReturnType<ObjectStore["get"]>;
  /** The ranges that were asked for, those of the first read left out. */
  ranges: () => (string | undefined)[];
}

/** A store of one photo whose answers to reads, the first left out, are as `behave` says; both ways of reading are tried. */
async function reading(
  isDirect: boolean,
  behave: (index: number, request: OneRequest) => OneAnswer,
  changes: Partial<S3Config> = {},
): Promise<Read> {
  const server = await startOneObjectServer(photo, (request, index) => (index === 0 ? {} : behave(index - 1, request)));
  opened.push(server);
  const config: S3Config = {
    endpoint: server.endpoint,
    region: "us-east-1",
    pathStyle: true,
    requestChecksums: "WHEN_REQUIRED",
    responseChecksums: "WHEN_REQUIRED",
    directReads: isDirect,
    maxSockets: 4,
    maxAttempts: 3,
    timeoutMs: 5_000,
    credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    ...changes,
  };
  const store = new S3Store("photos", config, { random: () => 0, sleep: async () => {} });
  opened.push(store);
  // The direct way is learnt from this one.
  await store.get("a.jpg", { maxBytes: photo.length });
  return {
    server,
    get: (options) => store.get("a.jpg", options),
    ranges: () => server.requests.slice(1).map(({ range }) => range),
  };
}

const firsts = (count: number, answer: OneAnswer) => (index: number) => (index < count ? answer : {});

describe.each([
  ["the SDK", false],
  ["the direct reader", true],
])("a body read by %s", (_name, isDirect) => {
  it("that breaks off again and again is asked for from where it broke off, whatever the number of attempts", async () => {
    const { get, ranges, server } = await reading(isDirect, firsts(5, { cutAfterBytes: 50_000 }));
    const { body, sizeBytes } = await get({ ifMatch: etag });
    expect(body.equals(photo)).toBe(true);
    expect(sizeBytes).toBe(photo.length);
    expect(ranges()).toEqual([undefined, 1, 2, 3, 4, 5].map((n) => n && `bytes=${n * 50_000}-`));
    expect(server.requests.slice(1).map(({ ifMatch }) => ifMatch)).toEqual(Array(6).fill(`"${etag}"`));
  });

  it.each<[string, OneAnswer]>([
    ["no ETag", { etag: null }],
    ["an empty ETag", { etag: '""' }],
    ["a weak ETag", { etag: 'W/"abc"' }],
    ["zeros for an ETag", { etag: '"00000000000000000000000000000000-1"' }],
    ["no ETag, in chunks", { etag: null, isChunked: true }],
  ])("with %s is the listed object only with its size and its time", async (_, answer) => {
    const modified = "Tue, 01 Dec 2026 02:00:00 GMT";
    const listed = { sizeBytes: photo.length, lastModifiedMs: Date.parse(modified) + 999 };
    const { get, server } = await reading(isDirect, () => ({ ...answer, lastModified: modified }));
    const ifMatch = (answer.etag ?? "").replace(/^"|"$/g, "");
    expect((await get({ ifMatch, listed })).body.equals(photo)).toBe(true);
    expect(server.requests.at(-1)!.ifMatch).toBe(ifMatch.startsWith("0") ? `"${ifMatch}"` : undefined);
    const changed = { code: "OBJECT_CHANGED" };
    const requests = server.requests.length;
    await expect(get({ ifMatch, listed: { ...listed, sizeBytes: 299_999 } })).rejects.toMatchObject(changed);
    await expect(get({ ifMatch, listed: { ...listed, lastModifiedMs: 0 } })).rejects.toMatchObject(changed);
    expect(server.requests.length - requests).toBe(2);
    // Where nobody says a time, there is none to compare.
    expect((await get({ ifMatch, listed: { sizeBytes: photo.length } })).body.equals(photo)).toBe(true);
  });

  it("with the listed ETag is the listed object whatever its time, and another one when its size differs", async () => {
    const { get } = await reading(isDirect, () => ({ lastModified: "Tue, 01 Dec 2026 02:00:00 GMT" }));
    const listed = { sizeBytes: photo.length, lastModifiedMs: 0 };
    expect((await get({ ifMatch: etag, listed })).body.equals(photo)).toBe(true);
    const range = { start: 5, end: 9 };
    expect((await get({ ifMatch: etag, listed, range })).body).toHaveLength(5);
    const cut = { ...listed, sizeBytes: 7 };
    for (const options of [{ listed: cut }, { listed: cut, range }]) {
      await expect(get({ ifMatch: etag, ...options })).rejects.toMatchObject({
        code: "OBJECT_CHANGED",
        message: expect.stringContaining("it has 300000 bytes, not 7"),
      });
    }
  });

  it("whose answer lost its ETag on the way is not taken for the listed one", async () => {
    const { get } = await reading(isDirect, () => ({ etag: null }));
    const ignored = get({ ifMatch: etag, listed: { sizeBytes: photo.length } });
    await expect(ignored).rejects.toMatchObject({ code: "OBJECT_CHANGED" });
  });

  it("that stalls goes on over another connection, and its progress is told", async () => {
    const progress: ReadProgress = { receivedBytes: 0, sizeBytes: null };
    const { get, ranges } = await reading(isDirect, firsts(1, { stallAfterBytes: 120_000 }), { timeoutMs: 200 });
    const read = get({ progress });
    await expect.poll(() => progress).toEqual({ receivedBytes: 120_000, sizeBytes: photo.length });
    expect((await read).body.equals(photo)).toBe(true);
    expect(ranges()).toEqual([undefined, "bytes=120000-"]);
    expect(progress.receivedBytes).toBe(photo.length);
  });

  it("that is slow but comes is read in one go, however often its time-out passes", async () => {
    const { get, ranges } = await reading(isDirect, () => ({ bytesPerSecond: 1_000_000 }), { timeoutMs: 100 });
    expect((await get()).body.equals(photo)).toBe(true);
    expect(ranges()).toEqual([undefined]);
  });

  it("that takes longer than its bound in all ends with OBJECT_TOO_SLOW, without another attempt", async () => {
    const { get, ranges } = await reading(isDirect, () => ({ bytesPerSecond: 20_000 }), { timeoutMs: 200 });
    // A second and more is allowed for the size of the photo.
    const error = await get({ maxReadMs: 1 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "OBJECT_TOO_SLOW", retryable: true, mayPass: false });
    expect(ranges().length).toBeLessThanOrEqual(1);
  });

  it("is begun anew when the store answers with the whole of it, or ranges are answered wrongly", async () => {
    for (const wrong of [
      { ignoresRange: true },
      { contentRange: "bytes 0-299999/300000", ignoresRange: true, status: 206 },
    ]) {
      const { get } = await reading(isDirect, (index) =>
        index === 0 ? { cutAfterBytes: 90_000 } : index === 1 ? wrong : {},
      );
      expect((await get({ ifMatch: etag })).body.equals(photo)).toBe(true);
    }
    for (const contentRange of ["bytes 7-299999/300000", "bytes */300000", "pages 1-2/3", null]) {
      const { get, ranges } = await reading(isDirect, (index) =>
        index === 0 ? { cutAfterBytes: 90_000 } : index === 1 ? { contentRange } : {},
      );
      expect((await get({ ifMatch: etag })).body.equals(photo)).toBe(true);
      expect(ranges()).toEqual([undefined, "bytes=90000-", undefined]);
    }
  });

  it("is never put together from two objects", async () => {
    const other = randomBytes(photo.length);
    const cut = { cutAfterBytes: 90_000 };
    const changes: OneAnswer[] = [
      { etag: '"another"', body: other },
      { body: Buffer.concat([other, other]) },
      { contentRange: "bytes 90000-299999/400000" },
      { body: other.subarray(0, 50_000) },
    ];
    for (const change of changes) {
      const { get } = await reading(isDirect, (index) => (index === 0 ? cut : change));
      await expect(get({ ifMatch: etag })).rejects.toMatchObject({ code: "OBJECT_CHANGED" });
    }
    // Who did not ask for a certain one gets the new one, whole.
    const { get } = await reading(isDirect, (index) => (index === 0 ? cut : { etag: '"another"', body: other }));
    expect((await get()).body.equals(other)).toBe(true);
  });

  it("without a strong ETag is begun anew", async () => {
    for (const weak of [null, 'W/"weak"', '""']) {
      const { get, ranges } = await reading(isDirect, (index) => ({
        etag: weak,
        ...firsts(1, { cutAfterBytes: 90_000 })(index),
      }));
      expect((await get()).body.equals(photo)).toBe(true);
      expect(ranges()).toEqual([undefined, undefined]);
    }
  });

  it("of unknown length is begun anew", async () => {
    const { get, ranges } = await reading(isDirect, (index) => ({
      isChunked: true,
      ...firsts(1, { cutAfterBytes: 90_000 })(index),
    }));
    expect((await get({ ifMatch: etag })).body.equals(photo)).toBe(true);
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it("that never comes further ends after its attempts", async () => {
    const { get, server } = await reading(isDirect, () => ({ cutAfterBytes: 1_000 }));
    await expect(get()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(server.requests.length - 1).toBe(3);
    const silent = await reading(isDirect, () => ({ isSilent: true }), { timeoutMs: 100 });
    await expect(silent.get()).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  });

  it("of which a byte is asked for ends there, where the store ignores ranges", async () => {
    const { get, server } = await reading(isDirect, () => ({ ignoresRange: true, body: Buffer.alloc(200_000_000) }));
    const before = server.sentBytes();
    const { body, sizeBytes } = await get({ range: { start: 0, end: 0 } });
    expect([body.length, sizeBytes]).toEqual([1, 200_000_000]);
    const middle = await get({ range: { start: 70_000, end: 70_003 } });
    expect(middle.body.length).toBe(4);
    expect(server.sentBytes() - before).toBeLessThan(20_000_000);
  });

  it("that is longer than announced is cut to what was announced, and the next read is not spoilt by the rest", async () => {
    const { get } = await reading(isDirect, (index) =>
      index < 2 ? { extra: Buffer.from("HTTP/1.1 200 OK\r\n") } : {},
    );
    for (let read = 0; read < 3; read++) expect((await get({ ifMatch: etag })).body.equals(photo)).toBe(true);
  });

  it("keeps its bound of bytes", async () => {
    const { get } = await reading(isDirect, firsts(1, { cutAfterBytes: 90_000 }));
    expect((await get({ maxBytes: photo.length })).body.length).toBe(photo.length);
    await expect(get({ maxBytes: photo.length - 1 })).rejects.toMatchObject({ code: "OBJECT_TOO_LARGE" });
    const chunked = await reading(isDirect, () => ({ isChunked: true }));
    await expect(chunked.get({ maxBytes: 100_000 })).rejects.toMatchObject({ code: "OBJECT_TOO_LARGE" });
  });
});
