import { parseArgs } from "node:util";
import { startS3Server } from "./s3-server.js";

// The S3 server as a process of its own, for the benches and the demo: `s3-server-main.js [--port N] [bucket]…`. Prints one
// line of JSON with the endpoint and the environment to use, and ends on SIGTERM, SIGINT or when its stdin ends.
const { values, positionals } = parseArgs({ options: { port: { type: "string" } }, allowPositionals: true });
const server = await startS3Server({ port: Number(values.port ?? 0), buckets: positionals });

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  server.close().then(() => process.exit(0));
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop).on("error", stop).resume();
// Last, because whoever reads it may send the signal at once.
console.log(JSON.stringify({ endpoint: server.endpoint, env: server.env }));
