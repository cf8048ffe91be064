import { rm } from "node:fs/promises";
import { startRedis } from "@labelfleet/test/support/redis-server";
import type { Browser, Page } from "playwright-core";
import { startDashboardProcess } from "./dashboard-process.js";

const shownThumbnails = 12;
const indexTimeoutMs = 180_000;

export interface LabelFigures {
  /** From opening the page, without an index, to a screen of thumbnails. */
  firstThumbnailsSeconds: number;
  /** From opening the page to the index being complete. */
  indexSeconds: number;
  /** From choosing a filter to its records on the page, for each filter. */
  filterSeconds: Record<string, number>;
  /** The same page when the index lies in the run's folder. */
  warmThumbnailsSeconds: number;
  peakRssMb: number | null;
}

/** The labels page on a large run: cold, while its index is made, and with it. */
export async function measureLabels(browser: Browser, run: string, records: number): Promise<LabelFigures> {
  await rm(new URL("index/", run), { recursive: true, force: true });
  const redis = await startRedis();
  const runId = /([^/]+)\/?$/.exec(run)![1]!;
  const start = () => startDashboardProcess([run], { REDIS_URL: redis.url });
  let dashboard = await start();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const openedMs = performance.now();
    await page.goto(`${dashboard.url}/runs/${runId}/labels`);
    await thumbnails(page);
    const firstThumbnailsSeconds = since(openedMs);
    await page.getByText(`All ${records.toLocaleString("en-US")} records indexed`).waitFor({ timeout: indexTimeoutMs });
    const indexSeconds = since(openedMs);
    const filterSeconds: Record<string, number> = {};
    const choose = async (name: string, act: () => Promise<unknown>) => {
      const before = await page.locator("#matches").textContent();
      const startedMs = performance.now();
      await act();
      await until(page, `document.getElementById("matches").textContent !== ${JSON.stringify(before)}`);
      filterSeconds[name] = since(startedMs);
    };
    await choose("label", async () => {
      await page.getByLabel("Label", { exact: true }).fill("espresso");
      await page.keyboard.press("Enter");
    });
    await choose("none again", () => page.getByRole("button", { name: "Clear" }).click());
    await choose("probability", async () => {
      await page.getByRole("spinbutton", { name: "to" }).fill("0.3");
      await page.keyboard.press("Tab");
    });
    await choose("failed", () => page.getByRole("combobox", { name: /^Status/ }).selectOption("failed"));
    const peakRss = await dashboard.peakRssBytes();
    await page.close();

    await dashboard.stop();
    dashboard = await start();
    const again = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const againMs = performance.now();
    await again.goto(`${dashboard.url}/runs/${runId}/labels`);
    await thumbnails(again);
    const warmThumbnailsSeconds = since(againMs);
    return {
      firstThumbnailsSeconds,
      indexSeconds,
      filterSeconds,
      warmThumbnailsSeconds,
      peakRssMb: peakRss === null ? null : Math.round(peakRss / 1e6),
    };
  } finally {
    await dashboard.stop();
    await redis.stop();
  }
}

/** Waits until the first of the grid's images are painted. */
function thumbnails(page: Page): Promise<void> {
  const painted = `[...document.querySelectorAll(".image-card img")].filter((img) => img.complete && img.naturalWidth > 0)`;
  return until(page, `${painted}.length >= ${shownThumbnails}`);
}

/** The page's security policy forbids Playwright's own way to wait for an expression; the debugger may ask. */
async function until(page: Page, expression: string): Promise<void> {
  const deadlineMs = Date.now() + indexTimeoutMs;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > deadlineMs) throw new Error(`never came true: ${expression}`);
    await page.waitForTimeout(20);
  }
}

function since(startedMs: number): number {
  return Math.round(performance.now() - startedMs) / 1_000;
}
