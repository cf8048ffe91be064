import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout, from the sources as well as from dist. */
export const checkoutDir = findUp(dirname(fileURLToPath(import.meta.url)));

function findUp(dir: string): string {
  if (existsSync(join(dir, "package-lock.json"))) return dir;
  if (dirname(dir) === dir) throw new Error("these tests have to run inside a checkout");
  return findUp(dirname(dir));
}
