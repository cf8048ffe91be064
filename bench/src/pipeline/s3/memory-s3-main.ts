import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MemoryS3 } from "./memory-s3.js";

// `memory-s3-main.js <bucket> <prefix> <folder>`: the folder's files are the bucket's objects. Prints its port, and ends when
// its stdin does.
const [bucket = "", prefix = "", folder = ""] = process.argv.slice(2);
const s3 = new MemoryS3(bucket);
for (const name of readdirSync(folder)) s3.put(`${prefix}${name}`, readFileSync(join(folder, name)));
process.stdin.on("end", () => process.exit(0)).resume();
s3.server.listen(0, "127.0.0.1", () => process.stdout.write(`${(s3.server.address() as AddressInfo).port}\n`));
