import { Releasers } from "@labelfleet/shared/releasers";
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from "testcontainers";
import type { TestServers } from "../support/fixtures.js";
import { nodeImage, redisImage } from "./base-images.js";
import { checkoutDir } from "./checkout.js";
import { testLabels } from "./labels.js";
import { redisClient } from "./redis-client.js";
import { type ContainerS3, s3Client } from "./s3-client.js";

const redisPort = 6379;
const s3Port = 9000;
const s3Keys = {
  AWS_ACCESS_KEY_ID: "labelfleet-containers",
  AWS_SECRET_ACCESS_KEY: "no-secret",
  AWS_REGION: "us-east-1",
};

export interface ContainerServers extends TestServers {
  s3: ContainerS3;
  network: StartedNetwork;
  /** What a container on the network needs in its environment to use the two servers. */
  insideEnv: Record<string, string>;
  /** The same for a process of this machine. */
  outsideEnv: Record<string, string>;
}

/** Redis and an S3 server as containers on a network of their own. The S3 server needs the built dist folders. */
export async function startContainerServers(): Promise<ContainerServers> {
  const releasers = new Releasers();
  try {
    const network = await new Network().start();
    releasers.push("network", () => network.stop());
    const redisContainer = await startRedisContainer(network);
    releasers.push("redis", () => redisContainer.stop());
    const s3Container = await startS3Container(network);
    const outsideS3 = {
      ...s3Keys,
      AWS_ENDPOINT_URL_S3: `http://${hostOf(s3Container)}:${s3Container.getMappedPort(s3Port)}`,
    };
    const s3 = s3Client(outsideS3, () => s3Container.stop());
    releasers.push("s3", () => s3.close());
    const redis = redisClient(hostOf(redisContainer), redisContainer.getMappedPort(redisPort), () =>
      redisContainer.stop(),
    );
    return {
      redis,
      s3,
      network,
      insideEnv: { ...s3Keys, AWS_ENDPOINT_URL_S3: `http://s3:${s3Port}`, REDIS_URL: `redis://redis:${redisPort}` },
      outsideEnv: { ...outsideS3, REDIS_URL: redis.url },
      stop: () => releasers.releaseAll(),
    };
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

function startRedisContainer(network: StartedNetwork): Promise<StartedTestContainer> {
  return new GenericContainer(redisImage)
    .withCommand(["redis-server", "--maxmemory-policy", "noeviction", "--appendonly", "yes"])
    .withNetwork(network)
    .withNetworkAliases("redis")
    .withExposedPorts(redisPort)
    .withLabels(testLabels)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
}

function startS3Container(network: StartedNetwork): Promise<StartedTestContainer> {
  return (
    new GenericContainer(nodeImage)
      .withBindMounts([{ source: checkoutDir, target: "/checkout", mode: "ro" }])
      .withWorkingDir("/checkout")
      .withCommand(["node", "test/dist/containers/s3-container-main.js", String(s3Port)])
      .withEnvironment(s3Keys)
      .withNetwork(network)
      .withNetworkAliases("s3")
      .withExposedPorts(s3Port)
      .withLabels(testLabels)
      // Any answer shows that it is there; without credentials it is a 403.
      .withWaitStrategy(Wait.forHttp("/", s3Port).forStatusCodeMatching((status) => status < 500))
      .start()
  );
}

/** By number, because a localhost that means ::1 is not forwarded everywhere. */
function hostOf(container: StartedTestContainer): string {
  return container.getHost() === "localhost" ? "127.0.0.1" : container.getHost();
}
