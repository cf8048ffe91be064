import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";

/** A page of the dashboard, and what went wrong in it. */
export interface WatchedPage {
  page: Page;
  /** Fails when the page asked for anything from elsewhere, or complained. */
  check(): void;
}

/** Chromium drops its connections when any interface of the machine comes or goes, as those of containers do; the page asks again. */
const weather = /ERR_NETWORK_CHANGED/;

/** Opens a page that may talk to the dashboard only. `allowed` are complaints that a test provokes. */
export async function watchedPage(
  browser: Browser,
  url: string,
  options: { width?: number; colorScheme?: "light" | "dark"; allowed?: RegExp } = {},
): Promise<WatchedPage> {
  const { width = 1440, colorScheme = "light", allowed } = options;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, baseURL: url });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !address.startsWith("data:")) wrong.push(`asked for ${address}`);
  });
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    const isExpected = weather.test(message.text()) || allowed?.test(message.text());
    if (message.type() === "error" && !isExpected) wrong.push(message.text());
  });
  return { page, check: () => expect(wrong).toEqual([]) };
}
