import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { getContainerRuntimeClient, type StartedTestContainer } from "testcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkoutDir } from "./checkout.js";
import { type ContainerServers, startContainerServers } from "./container-servers.js";
import { buildImage, labelfleetContainer, labelfleetInside } from "./labelfleet-image.js";

const copies = 4;
const brokenKeys = ["photos/empty.jpg", "photos/no-image.jpg"];

let servers: ContainerServers;
let photoCount = 0;
const workers: StartedTestContainer[] = [];

beforeAll(async () => {
  await buildImage();
  servers = await startContainerServers();
  await servers.s3.createBucket("bucket");
  photoCount = await uploadPhotos();
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await servers?.stop();
});

test("two worker containers label what a producer on another machine feeds", async () => {
  for (let i = 0; i < 2; i++) workers.push(await labelfleetContainer(servers, ["work"]).start());

  const report = await scanFromThisMachine();
  expect(report).toMatchObject({ complete: true, images: photoCount, failed: brokenKeys.length });
  expect(report.ok).toBe(photoCount - brokenKeys.length);
  const hosts = workers.map((worker) => worker.getId().slice(0, 12));
  expect(report.workers.length).toBeGreaterThan(0);
  for (const worker of report.workers) expect(hosts).toContain(worker.host);

  const verify = await workers[0]!.exec([...labelfleetInside, "verify", report.run]);
  expect(verify.exitCode, verify.output).toBe(0);
});

test("the workers run as an ordinary user", async () => {
  expect((await workers[0]!.exec(["id", "--user"])).output.trim()).not.toBe("0");
});

test("docker stop lets a worker end by itself, with 0", async () => {
  const worker = workers.pop()!;
  await worker.stop({ remove: false, timeout: 30_000 });
  const { container } = await getContainerRuntimeClient();
  const stopped = container.getById(worker.getId());
  expect((await stopped.inspect()).State.ExitCode).toBe(0);
  await stopped.remove();
});

test("a dashboard container asks for its token, and refuses to start without one", async () => {
  const words = ["dashboard", "--host", "0.0.0.0", "--port", "8080"];
  const token = "a-token-of-the-tests";
  const dashboard = await labelfleetContainer(servers, words, { LABELFLEET_DASHBOARD_TOKEN: token })
    .withExposedPorts(8080)
    .start();
  workers.push(dashboard);
  const url = `http://127.0.0.1:${dashboard.getMappedPort(8080)}/api/runs`;
  expect((await fetch(url)).status).toBe(401);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(await answer.json()).toMatchObject({ runs: [{ done: photoCount, failed: brokenKeys.length }] });

  const refused = await workers[0]!.exec([...labelfleetInside, ...words]);
  expect(refused.exitCode).toBe(2);
  expect(refused.output).toContain("LABELFLEET_DASHBOARD_TOKEN");
});

/** The sample photos a few times over, and a few objects that are none. Returns how many objects that makes. */
async function uploadPhotos(): Promise<number> {
  const dir = join(checkoutDir, "samples");
  const names = (await readdir(dir)).filter((name) => name.endsWith(".jpg"));
  for (const name of names) {
    const body = await readFile(join(dir, name));
    for (let copy = 0; copy < copies; copy++) await servers.s3.putObject("bucket", `photos/${copy}/${name}`, body);
  }
  for (const key of brokenKeys) {
    await servers.s3.putObject("bucket", key, Buffer.from(key.includes("empty") ? "" : "not an image"));
  }
  return names.length * copies + brokenKeys.length;
}

async function scanFromThisMachine(): Promise<RunReport> {
  const words = [
    "scan",
    "s3://bucket/photos",
    "--out",
    "s3://bucket/labels",
    "--model",
    "efficientnet-lite0",
    "--json",
  ];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(checkoutDir, "packages/cli/bin/labelfleet.js"), ...words],
    { env: { ...process.env, ...servers.outsideEnv }, timeout: 150_000 },
  );
  // The run's address comes first, then the report.
  return JSON.parse(stdout.slice(stdout.indexOf("{"))) as RunReport;
}
