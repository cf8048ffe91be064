import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { benchPhotos, photoSizes } from "../pipeline/photos.js";
import { type BenchS3, startBenchS3 } from "../pipeline/s3/memory-s3-process.js";
import { bucket, type Contestant, prefix } from "./contestants.js";
import { lineUp } from "./line-up.js";
import { peersTable } from "./peers-table.js";
import { peersPython, peerVersions } from "./python-venv.js";
import { agreement, type SecondsByContestant, summarise } from "./summary.js";

const smallImages: Record<string, number> = { "500x375": 1_000, "12mp": 100 };
const leastAgreement = 0.95;
/** Done by each before it is measured: what a start reads from disk would otherwise make the first measured command longer. */
const warmUpImages = 32;

/** The measurement at one photo size, as in peers.json. */
export interface PeersResult {
  machine: { cpu: string; cores: number };
  versions: Record<string, string>;
  size: string;
  smallImages: number;
  largeImages: number;
  variants: Record<string, string>;
  seconds: SecondsByContestant;
  /** The part of the large set's photos with the first contestant's label, in the last round. */
  sameLabel: Record<string, number>;
}

export const peersOptions = {
  size: { type: "string", default: "500x375" },
  images: { type: "string" },
  rounds: { type: "string", default: "3" },
  venv: { type: "string" },
  append: { type: "boolean", default: false },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/**
 * Whole commands of labelfleet, a DataLoader script and Ray Data in turns, on N and on 3 N photos. `--append` adds rounds to
 * those in `--out`/peers.json. Returns 1 when a peer's labels are not those of labelfleet.
 *
 * @throws USAGE
 */
export async function benchPeers(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: peersOptions,
  });
  const { size } = values;
  const photoSize = photoSizes[size];
  const small = Number(values.images ?? smallImages[size]);
  if (photoSize === undefined || !(small > 0)) {
    throw new LabelfleetError("USAGE", `--size is one of ${Object.keys(smallImages).join(", ")}, --images a number`);
  }
  const python = await peersPython(values.venv);
  const sets = [];
  for (const images of [warmUpImages, small, 3 * small]) sets.push(await benchPhotos(images, photoSize));
  const contestants = await lineUp(size, python, sets.at(-1)!.folder);
  const earlier = values.append && values.out !== undefined ? await readResult(values.out, size) : undefined;
  const result: PeersResult = {
    machine: { cpu: cpus()[0]?.model ?? "?", cores: availableParallelism() },
    versions: { node: process.versions.node, ...peerVersions(python) },
    size,
    smallImages: small,
    largeImages: 3 * small,
    variants: Object.fromEntries(contestants.map(({ name, variant }) => [name, variant])),
    seconds: { ...earlier?.seconds },
    sameLabel: {},
  };
  const stores = await Promise.all(sets.map(({ folder }) => startBenchS3(bucket, prefix, folder)));
  try {
    for (let round = 1; round <= Number(values.rounds); round++) {
      process.stderr.write(`round ${round} of ${values.rounds}\n`);
      await measureRound(contestants, stores, result);
      if (values.out !== undefined) await writeResult(values.out, result);
    }
  } finally {
    await Promise.all(stores.map((store) => store.stop()));
  }
  const table = peersTable(result, summarise(result.seconds, small, 3 * small));
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table);
  const agreements = contestants.filter(({ isExact }) => isExact).map(({ name }) => result.sameLabel[name] ?? 0);
  return Math.min(...agreements) < leastAgreement ? 1 : 0;
}

async function measureRound(
  contestants: readonly Contestant[],
  [warmUp, small, large]: readonly BenchS3[],
  result: PeersResult,
): Promise<void> {
  let reference: ReadonlyMap<string, number> | undefined;
  for (const { name, run } of contestants) {
    await run(warmUp!);
    const onSmall = await run(small!);
    const onLarge = await run(large!);
    process.stderr.write(`${name}: ${onSmall.seconds.toFixed(2)} s, ${onLarge.seconds.toFixed(2)} s\n`);
    result.seconds[name] = [...(result.seconds[name] ?? []), { small: onSmall.seconds, large: onLarge.seconds }];
    reference ??= onLarge.labels;
    result.sameLabel[name] = agreement(reference, onLarge.labels);
  }
}

const fileIn = (folder: string) => join(folder, "peers.json");

async function readAll(folder: string): Promise<Record<string, PeersResult>> {
  const text = await readFile(fileIn(folder), "utf8").catch(() => "{}");
  return JSON.parse(text) as Record<string, PeersResult>;
}

async function readResult(folder: string, size: string): Promise<PeersResult | undefined> {
  return (await readAll(folder))[size];
}

async function writeResult(folder: string, result: PeersResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  const all = { ...(await readAll(folder)), [result.size]: result };
  await writeFile(fileIn(folder), `${JSON.stringify(all, null, 2)}\n`);
}
