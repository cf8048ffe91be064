import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The system's Chromium: nothing is downloaded. Close it at the end. */
export async function startBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? "").split(":");
  const executablePath = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (executablePath === undefined)
    throw new Error("Chromium is missing: install it first (Debian: apt-get install chromium)");
  // Its sandbox needs rights that containers do not give to root; the pages are our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}
