import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface BenchS3 {
  /** What its clients need in their environment. */
  env: Record<string, string>;
  pid: number;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("./memory-s3-main.js", import.meta.url));

/** The benches' S3 server in a process of its own, with a folder's files under a prefix of its only bucket, each so many times. */
export async function startBenchS3(bucket: string, prefix: string, folder: string, copies = 1): Promise<BenchS3> {
  const child = spawn(process.execPath, [main, bucket, prefix, folder, String(copies)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [port] = (await Promise.race([once(lines, "line"), exit])) as [string | number];
  if (typeof port !== "string") throw new Error(`the S3 server ended with ${port} before it was ready`);
  return {
    env: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "bench",
      AWS_SECRET_ACCESS_KEY: "bench-secret",
      AWS_REGION: "us-east-1",
    },
    pid: child.pid!,
    async stop() {
      child.stdin.end();
      await exit;
    },
  };
}
