import { readFileSync } from "node:fs";

const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** The version of labelfleet; all workspaces carry the same one. */
export const version: string = (manifest as { version: string }).version;
