import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";
import { startS3Server } from "../support/s3-server.js";

// The S3 server of the tests as the main process of a container: `s3-container-main.js <port> <bucket>…`. The server itself
// listens on loopback only, so that no test opens a port to the network; this hands it what arrives at the container.
const [port, ...buckets] = process.argv.slice(2);
const server = await startS3Server({
  buckets,
  accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "",
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
});
const innerPort = Number(new URL(server.endpoint).port);
createServer((outer) => {
  const inner = connect(innerPort, "127.0.0.1");
  // Either side may go away at any time, which is no event here.
  pipeline(outer, inner, () => {});
  pipeline(inner, outer, () => {});
}).listen(Number(port), "0.0.0.0");
process.once("SIGTERM", () => process.exit(0));
