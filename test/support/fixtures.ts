import { type RedisServer, startRedis } from "./redis-server.js";
import { type S3Server, startS3Server } from "./s3-server.js";

/** A Redis that tests may use and empty. */
export type TestRedis = Pick<RedisServer, "url" | "command" | "flushAll" | "stop">;

/** An S3 server that tests may use. Only the local one can intercept requests. */
export type TestS3 = Pick<
  S3Server,
  "endpoint" | "env" | "createBucket" | "putObject" | "getObject" | "deleteObject" | "close"
>;

/** The servers a suite runs against: local processes in `npm test`, containers in `npm run test:containers`. */
export interface TestServers {
  redis: TestRedis;
  s3: TestS3;
  /** Stops both; may be called twice. */
  stop(): Promise<void>;
}

/**
 * What `LABELFLEET_TEST_SERVERS` asks for: "containers" in the containers lane, else local processes. Suites that need no
 * more than TestServers use this, and so run on both.
 */
export async function startServers(): Promise<TestServers> {
  if (process.env.LABELFLEET_TEST_SERVERS !== "containers") return startLocalServers();
  const { startContainerServers } = await import("../containers/container-servers.js");
  return startContainerServers();
}

export type LocalServers = TestServers & { redis: RedisServer; s3: S3Server };

/** A redis-server process with its folder in `temporaryDir`, and an S3 server in this process. */
export async function startLocalServers(
  options: { temporaryDir?: string; pageKeys?: number } = {},
): Promise<LocalServers> {
  const { temporaryDir, pageKeys } = options;
  const s3 = await startS3Server(pageKeys === undefined ? {} : { pageKeys });
  try {
    const redis = await startRedis(temporaryDir === undefined ? {} : { temporaryDir });
    return {
      redis,
      s3,
      async stop() {
        await redis.stop();
        await s3.close();
      },
    };
  } catch (error) {
    await s3.close();
    throw error;
  }
}
