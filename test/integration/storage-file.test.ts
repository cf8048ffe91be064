import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeftOut, ListOptions, ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { parseUri } from "@labelfleet/shared/storage/uri";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let scratch: string;
let root: string;
let store: ObjectStore;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lf-file-"));
  root = join(scratch, "root");
  await mkdir(root);
  await writeFile(join(scratch, "secret.txt"), "secret");
  store = (await openStore(root)).store;
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function list(options: ListOptions = { prefix: "" }): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of store.list(options)) keys.push(object.key);
  return keys;
}

describe("keys never leave the root", () => {
  it.each([
    "../secret.txt",
    "a/../../secret.txt",
    "/etc/passwd",
    "",
    "a//b",
    "./a",
    "a/.",
    "a\0b",
    "\ud800",
    ".lf-tmp-x",
  ])("refuses %j", async (key) => {
    for (const call of [store.get(key), store.head(key), store.put(key, Buffer.from("x")), store.delete(key)]) {
      await expect(call).rejects.toMatchObject({ code: "KEY_REFUSED", message: expect.not.stringContaining("\n") });
    }
  });

  it("follows no symbolic link out of the root", async () => {
    await symlink(join(scratch, "secret.txt"), join(root, "link.txt"));
    await symlink(scratch, join(root, "up"));
    await expect(store.get("link.txt")).rejects.toMatchObject({ code: "KEY_REFUSED" });
    await expect(store.get("up/secret.txt")).rejects.toMatchObject({ code: "KEY_REFUSED" });
    await expect(store.put("up/new.txt", Buffer.from("x"))).rejects.toMatchObject({ code: "KEY_REFUSED" });
    await expect(store.put("up/deep/new.txt", Buffer.from("x"))).rejects.toMatchObject({ code: "KEY_REFUSED" });
    await expect(store.delete("up/secret.txt")).rejects.toMatchObject({ code: "KEY_REFUSED" });
    expect(await list()).toEqual([]);
    expect((await readdir(scratch)).sort()).toEqual(["root", "secret.txt"]);
  });

  it("lists and reads links to files inside the root, and does not run in circles", async () => {
    await store.put("photos/a.jpg", Buffer.from("abc"));
    await symlink("photos/a.jpg", join(root, "b.jpg"));
    await symlink(root, join(root, "photos", "circle"));
    expect(await list()).toEqual(["b.jpg", "photos/a.jpg"]);
    expect((await store.get("b.jpg")).body.toString()).toBe("abc");
  });
});

describe("listing", () => {
  it("skips names that are not UTF-8 and counts them", async () => {
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff, 0xfe]), Buffer.from(".jpg")]), "x");
    await mkdir(join(root, "sub"));
    await writeFile(Buffer.concat([Buffer.from(`${root}/sub/`), Buffer.from([0xc3, 0x28])]), "x");
    await store.put("good.jpg", Buffer.from("x"));
    const left: LeftOut[] = [];
    expect(await list({ prefix: "", onLeftOut: (thing) => left.push(thing) })).toEqual(["good.jpg"]);
    expect(left.map(({ reason }) => reason)).toEqual(["unnameable", "unnameable"]);
  });

  it("compares a folder as its name with a slash", async () => {
    for (const key of ["a/z", "a-b", "a.jpg", "a0", "ab/c"]) await store.put(key, Buffer.from("x"));
    expect(await list()).toEqual(["a-b", "a.jpg", "a/z", "a0", "ab/c"]);
    expect(await list({ prefix: "", startAfter: "a.jpg" })).toEqual(["a/z", "a0", "ab/c"]);
    expect(await list({ prefix: "", startAfter: "a/zz" })).toEqual(["a0", "ab/c"]);
  });

  it("does not open folders that lie wholly before startAfter or outside of the prefix", async () => {
    for (const key of ["a/x", "b/x", "c/x"]) await store.put(key, Buffer.from("x"));
    // Whoever opens these folders meets a name that is not UTF-8, and tells.
    for (const folder of ["a", "c"])
      await writeFile(Buffer.concat([Buffer.from(`${root}/${folder}/`), Buffer.from([0xff])]), "x");
    const opened: string[] = [];
    const onLeftOut = ({ key }: LeftOut) => opened.push(key);
    expect(await list({ prefix: "b", startAfter: "b", onLeftOut })).toEqual(["b/x"]);
    expect(await list({ prefix: "", startAfter: "b/x", onLeftOut })).toEqual(["c/x"]);
    expect(opened).toEqual(["c/\ufffd"]);
  });

  it("leaves temporary files and locks out", async () => {
    await writeFile(join(root, ".lf-tmp-1-x"), "x");
    await store.put("a", Buffer.from("x"));
    expect(await list()).toEqual(["a"]);
  });

  it("says that the folder does not exist", async () => {
    store = (await openStore(join(scratch, "absent"))).store;
    await expect(list()).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
  });
});

describe("writing", () => {
  it("leaves no temporary file, whether it wins or loses", async () => {
    const { etag } = await store.put("d/a", Buffer.from("1"), { ifNoneMatch: "*" });
    await store.put("d/a", Buffer.from("2"), { ifNoneMatch: "*" }).catch(() => undefined);
    await store.put("d/a", Buffer.from("3"), { ifMatch: "1-1" }).catch(() => undefined);
    await store.put("d/a", Buffer.from("4"), { ifMatch: etag });
    expect(await readdir(join(root, "d"))).toEqual(["a"]);
    expect((await store.get("d/a")).body.toString()).toBe("4");
  });

  it("breaks a lock whose holder died, and waits for one that is held", async () => {
    const { etag } = await store.put("a", Buffer.from("1"));
    const { createHash } = await import("node:crypto");
    const name = `.lf-tmp-lock-${createHash("sha256").update("a").digest("hex").slice(0, 32)}`;
    await writeFile(join(root, name), "");
    const held = store.put("a", Buffer.from("2"), { ifMatch: etag });
    const first = await Promise.race([
      held.then(() => "written"),
      new Promise((resolve) => setTimeout(resolve, 100, "waiting")),
    ]);
    expect(first).toBe("waiting");
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(join(root, name), longAgo, longAgo);
    await held;
    expect((await store.get("a")).body.toString()).toBe("2");
    expect(await readdir(root)).toEqual(["a"]);
  });

  it("gives every write an ETag of its own, however fast they follow", async () => {
    const etags = new Set<string>();
    for (let i = 0; i < 50; i++) etags.add((await store.put("a", Buffer.from("same"))).etag);
    expect(etags.size).toBe(50);
    expect((await store.head("a"))?.etag).toBe([...etags].at(-1));
  });

  it("says that the output cannot be written", async () => {
    await writeFile(join(root, "file"), "x");
    await expect(store.put("file/below", Buffer.from("x"))).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    const readOnly = (await openStore("/proc/labelfleet-out")).store;
    await expect(readOnly.put("a", Buffer.from("x"))).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });
});

it("gives addresses that can be read back", async () => {
  const uri = store.uriOf("a b/ü#?.jpg");
  expect(parseUri(uri)).toEqual({ kind: "file", dir: join(root, "a b/ü#?.jpg") });
});
