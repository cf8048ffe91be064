import { startRedis } from "@labelfleet/test/support/redis-server";
import type { Browser } from "playwright-core";
import { makeBusyFleet } from "./busy-fleet.js";
import { startDashboardProcess } from "./dashboard-process.js";

const samples = 20;
/** An answer that is younger than this is given again. */
const freshMs = 1_000;
const watchedMs = 20_000;

export interface FleetFigures {
  overviewMsMedian: number;
  overviewMsMax: number;
  /** Main-thread tasks of the page over 50 ms, which is what browsers tell of, and the longest of them. */
  longTasks: number;
  longestTaskMs: number;
}

/** The overview with many workers and runs: how fast it answers, and how long the page's main thread is held. */
export async function measureFleet(browser: Browser, fleet: { workers: number; runs: number }): Promise<FleetFigures> {
  const redis = await startRedis();
  const end = await makeBusyFleet(redis.url, fleet);
  const dashboard = await startDashboardProcess([], { REDIS_URL: redis.url });
  try {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) {
      await new Promise((resolve) => setTimeout(resolve, freshMs + 50));
      const startedMs = performance.now();
      const { runs, workers } = (await (await fetch(`${dashboard.url}/api/runs`)).json()) as Record<string, unknown[]>;
      times.push(performance.now() - startedMs);
      if (runs?.length !== fleet.runs || workers?.length !== fleet.workers) throw new Error("the overview lacks some");
    }
    times.sort((a, b) => a - b);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(`
      window.tasks = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.tasks.push(entry.duration);
      }).observe({ type: "longtask", buffered: true });
    `);
    await page.goto(dashboard.url);
    for (const what of ["runs", "workers"]) {
      const more = page.getByRole("button", { name: new RegExp(`Show more of .* ${what}`) });
      await more.waitFor();
      while ((await more.count()) > 0) await more.click();
    }
    await page.waitForTimeout(watchedMs);
    const tasks = await page.evaluate<number[]>("window.tasks");
    return {
      overviewMsMedian: times[samples >> 1]!,
      overviewMsMax: times.at(-1)!,
      longTasks: tasks.length,
      longestTaskMs: Math.max(0, ...tasks),
    };
  } finally {
    await dashboard.stop();
    await end();
    await redis.stop();
  }
}
