import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MemoryS3 } from "./memory-s3.js";

// `memory-s3-main.js <bucket> <prefix> <folder> <copies>`: each of the folder's files is so many objects, `<prefix><copy>/<name>`.
// Prints its port, and ends when its stdin does.
const [bucket = "", prefix = "", folder = "", copies = "1"] = process.argv.slice(2);
const s3 = new MemoryS3(bucket);
for (const name of readdirSync(folder)) {
  const body = readFileSync(join(folder, name));
  for (let copy = 0; copy < Number(copies); copy++) s3.put(`${prefix}${copy}/${name}`, body);
}
process.stdin.on("end", () => process.exit(0)).resume();
s3.server.listen(0, "127.0.0.1", () => process.stdout.write(`${(s3.server.address() as AddressInfo).port}\n`));
