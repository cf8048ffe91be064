import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "./rig.js";

const shard = "predictions/model=efficientnet-lite0/r000-000000-0001.jsonl";

let rig: Rig;
let run: string;
let lines: string[];
let keys: string[];

beforeAll(async () => {
  rig = await Rig.start();
  const input = await rig.folder("input", await smallPhotos(12));
  run = (await rig.json(["run", input, "--out", join(rig.dir, "labels"), "--batch-images", "4"])).run;
  lines = (await rig.read(run, shard)).toString().trimEnd().split("\n");
  keys = lines.map((line) => (JSON.parse(line) as { key: string }).key);
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** A copy of the run with another text in one shard; null: without that shard. */
async function damaged(name: string, text: string | null): Promise<string> {
  const copy = join(rig.dir, name);
  await cp(fileURLToPath(run), copy, { recursive: true });
  if (text === null) await rm(join(copy, shard));
  else await writeFile(join(copy, shard), text);
  return copy;
}

test("verify proves that a complete run is complete", async () => {
  const { stdout } = await rig.succeed(["verify", run]);
  expect(stdout).toBe("Complete: 12 images, 12 records, every image has exactly one record per model\n");
});

const first = () => keys[0]!;
const last = () => keys.at(-1)!;
const text = (kept: (string | undefined)[]) => `${kept.join("\n")}\n`;

interface Damage {
  what: string;
  shardText: () => string | null;
  code: string;
  /** The keys that have to be named; of a whole shard the first and the last. */
  named: () => string[];
}

const damages: Damage[] = [
  { what: "a removed shard", shardText: () => null, code: "shard-missing", named: () => [first(), last()] },
  {
    what: "a doubled record",
    shardText: () => text([...lines, lines[2]]),
    code: "record-doubled",
    named: () => [keys[2]!],
  },
  {
    what: "a removed record",
    shardText: () => text([lines[0], ...lines.slice(2)]),
    code: "record-missing",
    named: () => [keys[1]!],
  },
  {
    what: "a line cut at the end",
    shardText: () => text(lines).slice(0, -40),
    code: "shard-unreadable",
    named: () => [first(), last()],
  },
  {
    what: "a record of another object",
    shardText: () => text(lines).replace(last(), "elsewhere.jpg"),
    code: "record-unexpected",
    named: () => ["elsewhere.jpg", last()],
  },
];

test.each(damages)("verify finds $what, names the keys and exits 1", async ({ what, shardText, code, named }) => {
  const copy = await damaged(what.replaceAll(" ", "-"), shardText());
  const plain = await rig.cli.run(["verify", copy]);
  expect(plain.exitCode).toBe(1);
  expect(plain.stdout).toContain("NOT complete");
  for (const key of named()) expect(plain.stdout).toContain(JSON.stringify(key));

  const asJson = await rig.cli.run(["verify", copy, "--json"]);
  expect(asJson.exitCode).toBe(1);
  const document = JSON.parse(asJson.stdout) as { complete: boolean; problems: { code: string }[] };
  expect(document.complete).toBe(false);
  expect(document.problems.map((problem) => problem.code)).toContain(code);
});

test("resume leaves a complete run alone in which nothing is damaged", async () => {
  const copy = await damaged("untouched", text(lines));
  const before = await readFile(join(copy, "report.json"), "utf8");
  await rig.succeed(["resume", copy]);
  expect(await readFile(join(copy, "report.json"), "utf8")).toBe(before);
});
