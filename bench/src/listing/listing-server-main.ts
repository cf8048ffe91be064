import { ComputedObjects, photoKeyOf, startComputedBucket } from "@labelfleet/test/support/computed-bucket";

// The listing server as a process of its own: `listing-server-main.js <bucket> <keys> <latency in ms>`. Prints one line of JSON
// with the endpoint and the environment to use, and ends on SIGTERM or when its stdin ends.
const [bucket = "", keys = "", latencyMs = ""] = process.argv.slice(2);
const objects = new ComputedObjects(Number(keys), photoKeyOf);
const server = await startComputedBucket({ bucket, objects, latencyMs: Number(latencyMs) });
const stop = () => void server.close().then(() => process.exit(0));
process.once("SIGTERM", stop);
process.stdin.on("end", stop).on("error", stop).resume();
console.log(JSON.stringify({ endpoint: server.endpoint, env: server.env }));
