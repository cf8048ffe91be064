#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write("labelfleet is not built yet: run `npm install && npm run build` in the checkout first\n");
  process.exitCode = 1;
}
