import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutDir } from "./checkout.js";

/** The base images as the product names them. */
export const nodeImage = found("infra/docker/Dockerfile", /^ARG NODE_IMAGE=(.+)$/m);
export const redisImage = found("infra/compose.yaml", /LABELFLEET_REDIS_IMAGE:-([^}]+)\}/);

function found(file: string, pattern: RegExp): string {
  const name = pattern.exec(readFileSync(join(checkoutDir, file), "utf8"))?.[1];
  if (name === undefined) throw new Error(`${file} names no image`);
  return name;
}
