import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GenericContainer } from "testcontainers";
import { checkoutDir } from "./checkout.js";
import type { ContainerServers } from "./container-servers.js";
import { testLabels } from "./labels.js";

const image = "labelfleet:test";
const buildTimeoutMs = 900_000;
/** Generous, for machines that do other things beside. */
const startupMs = 180_000;

/** Builds the product's image the way the docs say; Docker's cache makes the second time quick. */
export async function buildImage(): Promise<void> {
  const words = ["build", "--file", "infra/docker/Dockerfile", "--tag", image, "."];
  await promisify(execFile)("docker", words, {
    cwd: checkoutDir,
    timeout: buildTimeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** A container of the image that uses the servers; `words` is the command line of labelfleet. */
export function labelfleetContainer(servers: ContainerServers, words: string[], env: Record<string, string> = {}) {
  return new GenericContainer(image)
    .withCommand(words)
    .withEnvironment({ ...servers.insideEnv, ...env })
    .withNetwork(servers.network)
    .withStartupTimeout(startupMs)
    .withLabels(testLabels);
}

/** How to call labelfleet inside a running container of the image. */
export const labelfleetInside = ["node", "packages/cli/bin/labelfleet.js"];
