import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeConditionalPut } from "@labelfleet/shared/storage/conditional-probe";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import type { ListOptions, ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServers } from "../support/fixtures.js";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";

interface Opened {
  store: ObjectStore;
  close(): Promise<void>;
}

async function openS3(): Promise<Opened> {
  const servers = await startServers();
  await servers.s3.createBucket("contract");
  const { store } = await openStore("s3://contract", { s3: s3ConfigFromEnv(servers.s3.env) });
  return {
    store,
    async close() {
      await store.close();
      await servers.stop();
    },
  };
}

async function openFolder(): Promise<Opened> {
  const dir = join(scratch, "lf-folder");
  const { store } = await openStore(dir);
  return { store, close: () => rm(dir, { recursive: true, force: true }) };
}

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lf-storage-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

// The promises of the ObjectStore port, which both implementations keep.
describe.each([
  ["s3", openS3],
  ["file", openFolder],
])("the %s store", (kind, open) => {
  let opened: Opened;
  let store: ObjectStore;
  let before: LeakSnapshot;
  beforeAll(async () => {
    // Not the machine's temporary folder, where others may be at work.
    before = await takeSnapshot(scratch);
    opened = await open();
    store = opened.store;
  });
  afterAll(async () => {
    await opened.close();
    expect(await findLeaks(before)).toEqual([]);
  });

  async function keysOf(options: ListOptions): Promise<string[]> {
    const keys: string[] = [];
    for await (const object of store.list(options)) keys.push(object.key);
    return keys;
  }

  it.each([
    ["", 0],
    ["some bytes", 8],
    ["x".repeat(200_000), 100],
  ])("puts a body at the beginning of the memory that it is given (%#)", async (text, moreBytes) => {
    await store.put("basic/given.txt", Buffer.from(text));
    const given: ArrayBuffer[] = [];
    const takeMemory = (sizeBytes: number) => {
      given.push(new ArrayBuffer(sizeBytes + moreBytes));
      return given.at(-1)!;
    };
    const { body, sizeBytes } = await store.get("basic/given.txt", { takeMemory });
    expect([body.toString(), body.length, sizeBytes]).toEqual([text, text.length, text.length]);
    expect(given).toHaveLength(1);
    expect(body.buffer).toBe(given[0]);
    expect(Buffer.from(given[0]!).toString()).toBe(text + "\0".repeat(moreBytes));
  });

  it("gives back the bytes, ETag and size of what was put", async () => {
    const body = Buffer.from("hello, store");
    const { etag } = await store.put("basic/hello.txt", body);
    expect(etag).not.toContain('"');
    const got = await store.get("basic/hello.txt", { ifMatch: etag });
    expect(got.body.equals(body)).toBe(true);
    expect(got).toMatchObject({ etag, sizeBytes: body.length });
    // Its own memory, so that it can be transferred to another thread.
    expect(got.body.buffer.byteLength).toBe(body.length);
    const info = await store.head("basic/hello.txt");
    expect(info).toMatchObject({ key: "basic/hello.txt", etag, sizeBytes: body.length });
    expect(Math.abs((info?.lastModifiedMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(store.kind).toBe(kind);
  });

  it("keeps an empty object and a large one", async () => {
    await store.put("basic/empty", new Uint8Array(0));
    expect((await store.get("basic/empty")).body.length).toBe(0);
    const large = Buffer.alloc(13 * 1024 * 1024, "labelfleet");
    await store.put("basic/large", large);
    expect((await store.get("basic/large")).body.equals(large)).toBe(true);
  });

  it("says that an object is not there", async () => {
    expect(await store.head("nothing/here")).toBeNull();
    await expect(store.get("nothing/here")).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
    await store.delete("nothing/here");
  });

  it("deletes", async () => {
    await store.put("basic/gone", Buffer.from("x"));
    await store.delete("basic/gone");
    expect(await store.head("basic/gone")).toBeNull();
  });

  it("reads a range, and clips its end", async () => {
    await store.put("basic/range", Buffer.from("0123456789"));
    const middle = await store.get("basic/range", { range: { start: 2, end: 4 } });
    expect(middle.body.toString()).toBe("234");
    expect(middle.sizeBytes).toBe(10);
    const tail = await store.get("basic/range", { range: { start: 8, end: 100 } });
    expect(tail.body.toString()).toBe("89");
  });

  it("refuses more bytes than the limit", async () => {
    await store.put("basic/big", Buffer.alloc(300_000));
    await expect(store.get("basic/big", { maxBytes: 299_999 })).rejects.toMatchObject({ code: "OBJECT_TOO_LARGE" });
    expect((await store.get("basic/big", { maxBytes: 300_000 })).body.length).toBe(300_000);
  });

  it("tells that an object was replaced after it was listed, also by one of the same size", async () => {
    const first = await store.put("basic/changed", Buffer.from("aaaa"));
    const second = await store.put("basic/changed", Buffer.from("bbbb"));
    expect(second.etag).not.toBe(first.etag);
    const reading = store.get("basic/changed", { ifMatch: first.etag });
    await expect(reading).rejects.toMatchObject({ code: "OBJECT_CHANGED" });
  });

  it("lets the first of many conditional creators win, whole", async () => {
    const bodies = Array.from({ length: 12 }, (_, i) => Buffer.alloc(50_000, String.fromCharCode(97 + i)));
    const results = await Promise.allSettled(
      bodies.map((body) => store.put("race/create", body, { ifNoneMatch: "*" })),
    );
    const winners = results.flatMap((result, i) => (result.status === "fulfilled" ? [i] : []));
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "PRECONDITION_FAILED" });
    }
    expect((await store.get("race/create")).body.equals(bodies[winners[0]!]!)).toBe(true);
  });

  it("lets one of many conditional replacers win", async () => {
    const { etag } = await store.put("race/replace", Buffer.from("old!"));
    const puts = ["new1", "new2", "new3", "new4", "new5"].map((text) =>
      store.put("race/replace", Buffer.from(text), { ifMatch: etag }),
    );
    const results = await Promise.allSettled(puts);
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "PRECONDITION_FAILED" });
    }
  });

  it("does not replace what is not there", async () => {
    const put = store.put("race/absent", Buffer.from("x"), { ifMatch: "abc" });
    await expect(put).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    expect(await store.head("race/absent")).toBeNull();
  });

  it("passes the probe for conditional writes and leaves nothing behind", async () => {
    expect(await probeConditionalPut(store, "probe/")).toBe(true);
    expect(await keysOf({ prefix: "probe/" })).toEqual([]);
  });

  it("lists in the order of the keys' UTF-8 bytes, from any key on", async () => {
    const names = ["B.jpg", "a b+c%20.jpg", "a-1/x", "a/b/c", "a/d", "a.jpg", "a0", "b", "é", "日本/photo.jpg"];
    const odd = ["&<>'\"", "\u{ff21}", "\u{1f600}", "tab\tand\nline", "#?;=", "A/..x"];
    const keys = [...names, ...odd].map((name) => `order/${name}`);
    for (const key of keys) await store.put(key, Buffer.from(key));
    const sorted = [...keys].sort(compareKeys);
    expect(await keysOf({ prefix: "order/" })).toEqual(sorted);
    for (const [i, key] of sorted.entries()) {
      expect(await keysOf({ prefix: "order/", startAfter: key })).toEqual(sorted.slice(i + 1));
      expect(await keysOf({ prefix: "order/", through: key })).toEqual(sorted.slice(0, i + 1));
    }
    expect(await keysOf({ prefix: "order/", startAfter: "order/a-1", through: "order/a/c" })).toEqual(
      sorted.slice(sorted.indexOf("order/a-1/x"), sorted.indexOf("order/a/b/c") + 1),
    );
    expect(await keysOf({ prefix: "order/", startAfter: "order/a/c" })).toEqual(
      sorted.slice(sorted.indexOf("order/a/d")),
    );
    expect(await keysOf({ prefix: "order/a" })).toEqual(sorted.filter((key) => key.startsWith("order/a")));
    for (const key of keys) expect((await store.get(key)).body.toString()).toBe(key);
  });

  it("lists the same ETag and size as head", async () => {
    await store.put("basic/listed", Buffer.from("123"));
    const listed = [];
    for await (const object of store.list({ prefix: "basic/listed" })) listed.push(object);
    const info = await store.head("basic/listed");
    expect(listed).toMatchObject([{ key: "basic/listed", etag: info?.etag, sizeBytes: 3 }]);
  });

  it("stops a listing or a read when it is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(keysOf({ prefix: "", signal })).rejects.toThrow("enough");
    await expect(store.get("basic/listed", { signal })).rejects.toThrow("enough");
  });
});
