import type { CliEnv } from "../support/cli.js";
import { makePhotos, type Photo } from "../support/photos.js";
import type { Said } from "./comparison.js";
import { FaultRig } from "./fault-rig.js";

const photoCount = 40;
const emptyObject: Photo = { name: "a-empty.jpg", bytes: Buffer.alloc(0) };

/** What every fault case labels: small photos, so that cases spend their time on faults, and an object that is none. */
export async function faultPhotos(): Promise<Photo[]> {
  return [emptyObject, ...(await makePhotos({ count: photoCount, widthPx: 160, heightPx: 120, seed: 4 }))];
}

/** More objects like the empty one, which sort before the photos, and what an undisturbed run says of them. */
export function withEmptyObjects(
  count: number,
  photos: Photo[],
  expected: ReadonlyMap<string, Said>,
): { photos: Photo[]; expected: Map<string, Said> } {
  const names = Array.from({ length: count }, (_, i) => `a-empty-${String(i).padStart(5, "0")}.jpg`);
  const text = JSON.stringify(expected.get(`in/${emptyObject.name}`));
  const said = names.map((name) => JSON.parse(text.replaceAll(emptyObject.name, name)) as Said);
  return {
    photos: [...names.map((name) => ({ ...emptyObject, name })), ...photos],
    expected: new Map([...said.map((record) => [record.key, record] as const), ...expected]),
  };
}

/** The records of an undisturbed run, by key. */
export async function undisturbedRecords(
  photos: Photo[],
  options: { flags?: string[]; env?: CliEnv; timeoutMs?: number } = {},
): Promise<Map<string, Said>> {
  const rig = await FaultRig.start({ photos, expected: null, env: options.env ?? {} });
  try {
    return await rig.undisturbed(options.flags, options.timeoutMs);
  } finally {
    await rig.stop();
  }
}
