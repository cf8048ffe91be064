import { setTimeout as sleep } from "node:timers/promises";
import { ComputedObjects, photoKeyOf, startComputedBucket } from "@labelfleet/test/support/computed-bucket";

// The listing server as a process of its own: `listing-server-main.js <bucket> <keys> <latency in ms>`. Prints one line of JSON
// with the endpoint and the environment to use, and ends on SIGTERM or when its stdin ends.
const [bucket = "", keys = "", latencyMs = ""] = process.argv.slice(2);
const server = await startComputedBucket(bucket, new ComputedObjects(Number(keys), photoKeyOf));
if (Number(latencyMs) > 0) server.beforeListing = () => sleep(Number(latencyMs));
const stop = () => void server.close().then(() => process.exit(0));
process.once("SIGTERM", stop);
process.stdin.on("end", stop).on("error", stop).resume();
console.log(JSON.stringify({ endpoint: server.endpoint, env: server.env }));
