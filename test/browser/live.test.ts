import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Rig, smallPhotos } from "../e2e/rig.js";
import { startBrowser } from "../support/browser.js";
import { brokenFiles } from "../support/photos.js";
import { type DashboardProcess, startDashboard } from "./dashboard-process.js";
import { watchedPage } from "./watched-page.js";

let rig: Rig;
let browser: Browser;
let dashboard: DashboardProcess;
let input: string;
const photoCount = 120;
/** The device that only takes its time: about 25 images a second. */
const slowDevice = { LABELFLEET_SIMULATED_DEVICE: "launchMs=1,imageMs=80,memoryImages=64", LABELFLEET_CORES: "2" };

beforeAll(async () => {
  rig = await Rig.start();
  browser = await startBrowser();
  input = await rig.folder("input", [...(await smallPhotos(photoCount)), ...(await brokenFiles())]);
  rig.cli.start(["work"], { ...rig.shared, ...slowDevice });
  dashboard = await startDashboard(rig);
});

afterAll(async () => {
  await browser.close();
  // The worker finishes what it holds of the cancelled run.
  await vi.waitFor(async () => expect(await rig.activeBatches()).toBe(0), { timeout: 60_000, interval: 250 });
  await dashboard.stop();
  for (const { pid } of await rig.cli.processes()) process.kill(pid, "SIGTERM");
  expect(await rig.stop()).toEqual([]);
}, 90_000);

/** Starts a producer for a new run and opens the overview, from which everything else is reached. */
async function newRun(name: string) {
  const producer = rig.cli.start(["scan", input, "--out", `${rig.dir}/${name}`, "--batch-images", "8"], rig.shared);
  const [uri] = await producer.until(/file:\S+\//);
  const runId = /([^/]+)\/$/.exec(uri)![1]!;
  const watched = await watchedPage(browser, dashboard.url);
  await watched.page.goto("/");
  return { producer, uri, runId, ...watched };
}

async function percentDone(page: Page, name: string): Promise<number> {
  return Number(await page.getByRole("progressbar", { name }).getAttribute("aria-valuenow"));
}

async function until(page: Page, name: string, isEnough: (percent: number) => boolean): Promise<number> {
  for (;;) {
    const percent = await percentDone(page, name);
    if (isEnough(percent)) return percent;
    await page.waitForTimeout(200);
  }
}

test("a run progresses without a reload, and is paused, resumed and retried on its page", async () => {
  const { producer, uri, runId, page, check } = await newRun("paused");
  await page.evaluate(() => Object.assign(globalThis, { isFirstLoad: true }));
  await page.getByRole("link", { name: runId }).waitFor();
  const early = await until(page, `Progress of ${runId}`, (percent) => percent > 0);
  await until(page, `Progress of ${runId}`, (percent) => percent > early);
  await page
    .getByRole("cell", { name: /\(.*\d %\)/ })
    .first()
    .waitFor();
  await page.getByRole("link", { name: runId }).click();
  await page.getByText("running", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("paused", { exact: true }).waitFor();
  expect((await producer.result()).exitCode).toBe(1);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("Run resumed").waitFor();
  await page.getByText("done", { exact: true }).waitFor({ timeout: 60_000 });
  expect(await percentDone(page, "Progress")).toBe(100);
  expect(await page.evaluate(() => (globalThis as { isFirstLoad?: boolean }).isFirstLoad)).toBe(true);
  await page.getByText("IMAGE_UNSUPPORTED").waitFor();
  const before = await rig.records(uri);
  expect(before.size).toBe(photoCount + 5);

  await page.getByRole("button", { name: "Retry images with IMAGE_UNSUPPORTED" }).click();
  await page.getByText("Retry of images with IMAGE_UNSUPPORTED started").waitFor();
  const text = "broken-text.jpg";
  await expect.poll(async () => (await rig.records(uri)).get(text)?.pass, { timeout: 20_000 }).toBeGreaterThan(0);
  check();
  await page.context().close();
});

test("a run is cancelled only after a question, and stays so", async () => {
  const { producer, uri, runId, page, check } = await newRun("cancelled");
  await page.getByRole("link", { name: runId }).click();
  await page.getByRole("button", { name: "Cancel …" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  expect(await rig.names(uri)).not.toContain("_CANCELLED");
  await page.getByRole("button", { name: "Cancel …" }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await page.getByText("cancelled", { exact: true }).waitFor({ timeout: 30_000 });
  expect((await producer.result()).exitCode).toBe(1);
  expect(await rig.names(uri)).toContain("_CANCELLED");
  expect(await page.getByRole("button", { name: "Resume", exact: true }).count()).toBe(0);
  check();
  await page.context().close();
});

test("nothing is done for a request without the page's token, nor by a read-only dashboard", async () => {
  const runs = (await (await fetch(new URL("/api/runs", dashboard.url))).json()) as { runs: { runId: string }[] };
  const path = `/api/runs/${runs.runs[0]!.runId}/pause`;
  const post = (url: string, headers: Record<string, string>) => fetch(new URL(path, url), { method: "POST", headers });
  const refused = await post(dashboard.url, {});
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain("x-labelfleet-csrf");

  const readOnly = await startDashboard(rig, ["--read-only"]);
  const session = (await (await fetch(new URL("/api/session", readOnly.url))).json()) as { csrfToken: string };
  expect((await post(readOnly.url, { "x-labelfleet-csrf": session.csrfToken })).status).toBe(403);
  const { page, check } = await watchedPage(browser, readOnly.url);
  await page.goto(`/runs/${runs.runs[0]!.runId}`);
  await page.getByText("Read-only").waitFor();
  await page.getByRole("heading", { name: "Run settings" }).waitFor();
  expect(await page.locator(".actions button").count()).toBe(0);
  check();
  await page.context().close();
  await readOnly.stop();
});
