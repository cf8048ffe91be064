import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Filters, inputEntries } from "@labelfleet/producer/list/input-entries";
import { checkNotEmpty } from "@labelfleet/producer/start/check-input";
import { noneSkipped, type Skipped } from "@labelfleet/shared/contract/skipped";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withoutRoot } from "../support/without-root.js";

let scratch: string;
let root: string;
const closed: string[] = [];

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lf-left-out-"));
  await chmod(scratch, 0o755);
  root = join(scratch, "input");
  await file("photo.jpg");
  await writeFile(join(scratch, "outside.jpg"), "x");
});
afterEach(async () => {
  for (const folder of closed.splice(0)) await chmod(folder, 0o755);
  await rm(scratch, { recursive: true, force: true });
});

async function file(name: string): Promise<void> {
  await mkdir(join(root, name, ".."), { recursive: true });
  await writeFile(join(root, name), "x");
}

/** Of a folder with one photo. The same for everybody, because the test's own user may be the owner. */
const permissions = { "names only": 0o444, "no names": 0o111, none: 0o000 };

async function closedFolder(name: string, permission: keyof typeof permissions): Promise<void> {
  await file(`${name}/inside.jpg`);
  closed.push(join(root, name));
  await chmod(join(root, name), permissions[permission]);
}

const notUtf8 = (...path: (string | number[])[]) =>
  Buffer.concat([Buffer.from(root), ...path.flatMap((part) => [Buffer.from("/"), Buffer.from(part as string)])]);

interface Listed {
  keys: string[];
  skipped: Skipped;
}

async function list(filters: Partial<Filters> = {}, afterKey: string | null = null): Promise<Listed> {
  const range = { id: "r000", afterKey: null, throughKey: null };
  const every: Filters = { include: [], exclude: [], limit: null, sample: null, ...filters };
  const input = await openStore(root);
  const skipped = noneSkipped();
  const keys: string[] = [];
  await withoutRoot(async () => {
    for await (const { key } of inputEntries({ input, filters: every, range, afterKey, skipped })) keys.push(key);
  });
  return { keys, skipped };
}

/** The reasons that were counted. */
const counted = ({ skipped }: Listed) =>
  Object.fromEntries(Object.entries(skipped).filter(([, count]) => count !== 0 && typeof count === "number"));

describe("what a folder holds and a run leaves out is counted by its reason:", () => {
  it("links to outside, linked folders, folders without permission", async () => {
    for (let i = 0; i < 9; i++) await symlink(join(scratch, "outside.jpg"), join(root, `link-${i}.jpg`));
    await symlink(scratch, join(root, "linked"));
    await closedFolder("unsearchable", "names only");
    const listed = await list();
    expect(listed.keys).toEqual(["photo.jpg"]);
    expect(counted(listed)).toEqual({ linksOutside: 9, linkedFolders: 1, unreadableFolders: 1 });
  });

  it("a folder that cannot be listed, which does not end the run", async () => {
    await closedFolder("lost+found", "none");
    await closedFolder("a/unlistable", "no names");
    await file("z/last.jpg");
    const listed = await list();
    expect(listed.keys).toEqual(["photo.jpg", "z/last.jpg"]);
    expect(counted(listed)).toEqual({ unreadableFolders: 2 });
  });

  it("files below a folder whose name is not UTF-8, however deep", async () => {
    const folder = [0x66, 0xff];
    await mkdir(notUtf8(folder, "deeper"), { recursive: true });
    for (const name of ["1.jpg", "2.jpg", "3.png"]) await writeFile(notUtf8(folder, name), "x");
    for (const name of ["4.jpg", "5.jpg"]) await writeFile(notUtf8(folder, "deeper", name), "x");
    await writeFile(notUtf8(folder, "notes.txt"), "x");
    await writeFile(notUtf8([0xfe, ...Buffer.from(".jpg")]), "x");
    const listed = await list();
    expect(listed.keys).toEqual(["photo.jpg"]);
    expect(counted(listed)).toEqual({ unnameable: 6, filtered: 1 });
    expect(listed.skipped.filteredByExtension).toEqual({ ".txt": 1 });
  });

  it("links to nothing and in circles, to the input itself, and into a folder without permission", async () => {
    await symlink("nowhere.jpg", join(root, "dangling.jpg"));
    await symlink("photo.jpg/x.jpg", join(root, "through-a-file.jpg"));
    await symlink("circle-2.jpg", join(root, "circle-1.jpg"));
    await symlink("circle-1.jpg", join(root, "circle-2.jpg"));
    await symlink(".", join(root, "self"));
    await closedFolder("closed", "names only");
    await symlink("closed/inside.jpg", join(root, "into-closed.jpg"));
    const listed = await list();
    expect(listed.keys).toEqual(["photo.jpg"]);
    expect(counted(listed)).toEqual({ brokenLinks: 4, linkedFolders: 1, unreadableFiles: 1, unreadableFolders: 1 });
  });

  it("pipes and sockets", async () => {
    execFileSync("mkfifo", [join(root, "pipe.jpg")]);
    const server = createServer().listen(join(root, "socket.jpg"));
    await new Promise((resolve) => server.once("listening", resolve));
    await symlink("pipe.jpg", join(root, "link-to-pipe.jpg"));
    const listed = await list();
    server.close();
    expect(listed.keys).toEqual(["photo.jpg"]);
    expect(counted(listed)).toEqual({ notFiles: 3 });
  });

  it("links to links inside the input are files", async () => {
    await symlink("photo.jpg", join(root, "a.jpg"));
    await symlink("a.jpg", join(root, "b.jpg"));
    expect(await list()).toEqual({ keys: ["a.jpg", "b.jpg", "photo.jpg"], skipped: noneSkipped() });
  });
});

it("what is removed while the folder is listed is not counted", async () => {
  for (let i = 0; i < 70; i++) await file(`a-${i}.jpg`);
  await file("y/b.jpg");
  await symlink("photo.jpg", join(root, "z.jpg"));
  const input = await openStore(root);
  const skipped = noneSkipped();
  const every: Filters = { include: [], exclude: [], limit: null, sample: null };
  const range = { id: "r000", afterKey: null, throughKey: null };
  let images = 0;
  for await (const { key } of inputEntries({ input, filters: every, range, afterKey: null, skipped })) {
    images++;
    if (key !== "a-0.jpg") continue;
    for (const name of ["y", "z.jpg", "photo.jpg"]) await rm(join(root, name), { recursive: true });
  }
  expect({ images, skipped }).toEqual({ images: 70, skipped: noneSkipped() });
});

describe("what the filters leave out", () => {
  it("is not opened where an --exclude takes all of it, or no --include any of it", async () => {
    await closedFolder("lost+found", "none");
    await file("good/a.jpg");
    const excluded = await list({ exclude: ["lost+found/**"], failOnUnreadable: true });
    expect(excluded.keys).toEqual(["good/a.jpg", "photo.jpg"]);
    expect(counted(excluded)).toEqual({ filteredFolders: 1 });
    const included = await list({ include: ["good/**"], failOnUnreadable: true });
    expect(included.keys).toEqual(["good/a.jpg"]);
    expect(counted(included)).toEqual({ filtered: 1, filteredFolders: 1 });
  });

  it("is counted as such and not as what else is wrong with it", async () => {
    await symlink(join(scratch, "outside.jpg"), join(root, "README"));
    await symlink("nowhere", join(root, "dangling.txt"));
    await symlink(scratch, join(root, "linked"));
    const listed = await list({ exclude: ["linked/**"] });
    expect(counted(listed)).toEqual({ filtered: 2, filteredFolders: 1 });
    expect(listed.skipped.filteredByExtension).toEqual({ none: 1, ".txt": 1 });
  });
});

describe("a listing that goes on after a key", () => {
  it("counts what an undisturbed one counts after it, and nothing twice", async () => {
    await symlink("nowhere.jpg", join(root, "a-dangling.jpg"));
    await closedFolder("b-closed", "none");
    await file("c/photo.jpg");
    await mkdir(notUtf8("c", [0x62, 0xff]));
    await writeFile(notUtf8("c", [0x62, 0xff], "1.jpg"), "x");
    await symlink("nowhere.jpg", join(root, "c", "z-dangling.jpg"));
    await writeFile(notUtf8([0x7a, 0xff, ...Buffer.from(".jpg")]), "x");
    const whole = await list();
    expect(whole.keys).toEqual(["c/photo.jpg", "photo.jpg"]);
    expect(counted(whole)).toEqual({ brokenLinks: 2, unreadableFolders: 1, unnameable: 2 });
    const rest = await list({}, "c/photo.jpg");
    expect(rest.keys).toEqual(["photo.jpg"]);
    expect(counted(rest)).toEqual({ brokenLinks: 1, unnameable: 1 });
  });
});

describe("--fail-on-unreadable", () => {
  it.each([
    ["a folder that cannot be listed", () => closedFolder("lost+found", "none"), /lost\+found: permission denied/],
    [
      "a folder whose files cannot be looked at",
      () => closedFolder("x", "names only"),
      /input\/x\/?: permission denied/,
    ],
    ["a name that is not UTF-8", () => writeFile(notUtf8([0xff, ...Buffer.from(".jpg")]), "x"), /is not UTF-8/],
  ])("ends the listing at %s", async (_, make, message) => {
    await make();
    await expect(list({ failOnUnreadable: true })).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    await expect(list({ failOnUnreadable: true })).rejects.toThrow(message);
    await expect(list({ failOnUnreadable: true })).rejects.toThrow(/--exclude/);
  });
});

describe("an input without images", () => {
  const refusal = async () => {
    const { skipped } = await list();
    return () => checkNotEmpty("photos", [], skipped);
  };

  it("says that its links lead outside", async () => {
    await rm(join(root, "photo.jpg"));
    await symlink(join(scratch, "outside.jpg"), join(root, "a.jpg"));
    expect(await refusal()).toThrow(
      /\(skipped 1 link that leads outside the input\).*name the folder that they lead to/,
    );
  });

  it("says that it may not be read", async () => {
    await rm(join(root, "photo.jpg"));
    await closedFolder("x", "none");
    expect(await refusal()).toThrow(/\(skipped 1 unreadable folder\).*allow this user to read it/);
  });

  it("says that it is empty", async () => {
    await rm(join(root, "photo.jpg"));
    expect(await refusal()).toThrow(/\(it is empty\)/);
  });
});

it("a listing whose caller counts nothing ends at a folder that cannot be read", async () => {
  await closedFolder("shards", "none");
  const { store } = await openStore(root);
  const listing = withoutRoot(async () => {
    for await (const { key } of store.list({ prefix: "" })) expect(key).toBe("photo.jpg");
  });
  await expect(listing).rejects.toMatchObject({ code: "ACCESS_DENIED" });
});
