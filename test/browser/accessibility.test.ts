import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig } from "../e2e/rig.js";
import { startBrowser } from "../support/browser.js";
import { type DashboardProcess, startDashboard } from "./dashboard-process.js";
import { galleryModels, makeGallery } from "./gallery.js";
import { watchedPage } from "./watched-page.js";

let rig: Rig;
let browser: Browser;
let dashboard: DashboardProcess;
let runId: string;
let axe: string;
const token = "a token for a page that is looked at";

beforeAll(async () => {
  rig = await Rig.start();
  browser = await startBrowser();
  const { run } = await makeGallery(rig.dir);
  runId = /([^/]+)\/$/.exec(run)![1]!;
  dashboard = await startDashboard(rig, [run]);
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
});

afterAll(async () => {
  await browser.close();
  await dashboard.stop();
  expect(await rig.stop()).toEqual([]);
});

async function seriousIssues(page: Page): Promise<string[]> {
  // By the debugger, which the page's security policy does not bind.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`));
}

/** Each page, in the state in which most of it shows. */
const pages: { name: string; open: (page: Page) => Promise<void> }[] = [
  {
    name: "overview",
    open: async (page) => {
      await page.goto("/");
      await page.getByRole("link", { name: runId }).waitFor();
    },
  },
  {
    name: "run",
    open: async (page) => {
      await page.goto(`/runs/${runId}`);
      await page.getByText("STORE_TIMEOUT").waitFor();
      await page.getByText("run.json").click();
    },
  },
  {
    name: "labels",
    open: async (page) => {
      await page.goto(`/runs/${runId}/labels?model=${galleryModels[0]}&disagrees=${galleryModels[1]}`);
      await page.locator(".image-card").first().waitFor();
    },
  },
  {
    name: "image",
    open: async (page) => {
      await page.goto(`/runs/${runId}/labels`);
      await page.locator(".image-card").first().click();
      await page.getByRole("dialog").getByText("The record as JSON").waitFor();
    },
  },
];

const looks = (["light", "dark"] as const).flatMap((colorScheme) =>
  [375, 1440].map((width) => ({ colorScheme, width })),
);

test.each(looks)(
  "axe finds no serious issue on any page, $colorScheme at $width px, and nothing is cut off",
  async (look) => {
    const { page, check } = await watchedPage(browser, dashboard.url, look);
    for (const { name, open } of pages) {
      await open(page);
      expect([name, await seriousIssues(page)]).toEqual([name, []]);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect([name, Math.max(0, Number(overflow))]).toEqual([name, 0]);
    }
    check();
    await page.context().close();
  },
);

test("everything is reached by keyboard: from the overview to one image and back", async () => {
  const { page, check } = await watchedPage(browser, dashboard.url);
  await pages[0]!.open(page);
  const focused = () => page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''");
  const tabTo = async (text: string | RegExp) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      if (typeof text === "string" ? (await focused()) === text : text.test(await focused())) return;
    }
    throw new Error(`Tab never came to ${text}`);
  };
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to content");
  await tabTo("Overview");
  await tabTo(runId);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Stages" }).waitFor();
  await tabTo("View labels");
  await page.keyboard.press("Enter");
  await page.locator(".image-card").first().waitFor();
  await tabTo(/onerror/);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/^1 of/).waitFor();
  await page.keyboard.press("ArrowRight");
  await dialog.getByText(/^2 of/).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(await focused()).toMatch(/onerror/);
  check();
  await page.context().close();
});

test("colours follow the choice, and a page remembers it", async () => {
  const { page } = await watchedPage(browser, dashboard.url, { colorScheme: "dark" });
  await page.goto("/");
  const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const dark = await ground();
  await page.getByLabel("Colours").selectOption("light");
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByLabel("Colours").waitFor();
  expect(await ground()).toBe(light);
  await page.context().close();
});

test("with a token the page is behind a login, and works after it", async () => {
  const guarded = await startDashboard(rig, [], { LABELFLEET_DASHBOARD_TOKEN: token });
  const { page } = await watchedPage(browser, guarded.url, { allowed: /401/ });
  await page.goto(`/runs/${runId}`);
  await page.getByLabel(/Token/).fill("not the token at all");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("This is not the token.").waitFor();
  expect(await seriousIssues(page)).toEqual([]);
  await page.getByLabel(/Token/).fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("link", { name: runId }).waitFor();
  await page.context().close();
  await guarded.stop();
});
