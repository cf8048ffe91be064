// `node scripts/screenshots.mjs [--images 2100]`: docs/screenshots anew, from real runs on photos made of the samples: one that goes
// on, one that is done and one that lost its producer. Needs Chromium and redis-server, which `npm test` installs.
// `--done <run>` takes the pages of one run from a finished one of two models, and its input for the others.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { root, setUp } from "./setup.mjs";

const { values } = parseArgs({ options: { images: { type: "string", default: "2100" }, done: { type: "string" } } });
setUp(["chromium"]);

const { startBrowser } = await import("../test/dist/support/browser.js");
const { startRedis } = await import("../test/dist/support/redis-server.js");
const { startS3Process } = await import("../test/dist/support/s3-process.js");
const { brokenFiles, makePhotos } = await import("../test/dist/support/photos.js");
const { RunFolder } = await import("../packages/shared/dist/run/run-folder.js");
const { openStore } = await import("../packages/shared/dist/storage/open-store.js");
const { default: sharp } = await import("sharp");

const folder = new URL("../docs/screenshots/", import.meta.url);
const bin = `${root}packages/cli/bin/labelfleet.js`;
const largestBytes = 400_000;
/** How far the run is when the overview is taken: something shows, and something is left. */
const enoughPercent = values.done ? 12 : 45;
const releasers = [];
let env = {};

/** A command, and the first line of its output that matches. */
async function start(words, pattern) {
  const child = spawn(process.execPath, [bin, ...words], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const found = pattern.exec(line);
    if (found) return { child, found: found[0], ended };
  }
  throw new Error(`labelfleet ${words[0]} never said ${pattern}`);
}

/** One file for each page and look, in colours few enough to stay small. */
async function shoot(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(400);
    const image = sharp(await page.screenshot());
    let png = await image.clone().png({ compressionLevel: 9 }).toBuffer();
    if (png.length > largestBytes) png = await image.png({ palette: true, quality: 90, effort: 10 }).toBuffer();
    if (png.length > largestBytes) png = await sharp(png).png({ palette: true, colours: 96, effort: 10 }).toBuffer();
    await writeFile(new URL(`${name}-${colorScheme}.png`, folder), png);
    process.stderr.write(`${name}-${colorScheme}.png ${Math.round(png.length / 1000)} kB\n`);
  }
}

/** Waits until the dashboard shows the run in a state. */
async function knownToBe(dashboard, run, state) {
  for (;;) {
    const { runs } = await (await fetch(`${dashboard}/api/runs`)).json();
    if (runs.some((known) => run.includes(known.runId) && known.state === state)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function fillBucket() {
  process.stderr.write("Making photos …\n");
  const { store } = await openStore("s3://photos/");
  const photos = await makePhotos({ count: Number(values.images), widthPx: 320, heightPx: 240, seed: 7 });
  for (const { name, bytes } of [...photos, ...(await brokenFiles())]) await store.put(`archive/${name}`, bytes);
  await store.close();
}

try {
  await mkdir(folder, { recursive: true });
  const s3 = await startS3Process(["photos", "labels"]);
  releasers.push(() => s3.close());
  const redis = await startRedis();
  releasers.push(() => redis.stop());
  env = { ...process.env, ...s3.env, REDIS_URL: redis.url, LABELFLEET_LOG_LEVEL: "error" };
  Object.assign(process.env, s3.env);

  const known = values.done ? await RunFolder.open(values.done) : null;
  const input = known === null ? "s3://photos/archive" : (await known.readSpec()).frozen.input;
  if (known === null) await fillBucket();

  const dashboard = await start(["dashboard", "--port", "0", ...(known ? [known.uri] : [])], /http:\S+/);
  releasers.push(() => dashboard.child.kill("SIGTERM"));
  const lost = await start(["scan", input, "--out", "s3://labels/lost", "--limit", "400"], /s3:\S+/);
  await knownToBe(dashboard.found, lost.found, "feeding");
  lost.child.kill("SIGKILL");
  const worker = spawn(process.execPath, [bin, "work"], { env, stdio: ["ignore", "ignore", "inherit"] });
  releasers.push(() => worker.kill("SIGTERM"));
  const sample = ["--out", "s3://labels/sample", "--sample", known ? "60" : "300", "--batch-images", "20"];
  await (await start(["scan", input, ...sample], /s3:\S+/)).ended;
  const models = ["--model", "efficientnet-lite0", "--model", "efficientnet-lite1"];
  const large = await start(
    ["scan", input, "--out", "s3://labels/archive", "--batch-images", "100", ...models],
    /s3:\S+/,
  );
  const liveId = large.found.split("/").at(-2);
  const runId = (known?.uri ?? large.found).split("/").at(-2);

  const browser = await startBrowser();
  releasers.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, baseURL: dashboard.found });
  const phone = await browser.newPage({ viewport: { width: 375, height: 812 }, baseURL: dashboard.found });
  await page.goto("/");
  const bar = page.getByRole("progressbar", { name: `Progress of ${liveId}` });
  for (let percent = 0; percent < enoughPercent; ) {
    await page.waitForTimeout(1_000);
    percent = Number(await bar.getAttribute("aria-valuenow").catch(() => 0));
  }
  await knownToBe(dashboard.found, lost.found, "idle");
  await shoot(page, "overview");
  await phone.goto("/");
  await phone.getByRole("link", { name: liveId }).waitFor();
  await shoot(phone, "overview-phone");
  if (known === null) await large.ended;
  else large.child.kill("SIGTERM");

  await page.goto(`/runs/${runId}`);
  await page.getByText("broken-text.jpg").first().waitFor();
  await shoot(page, "run");
  await page.goto(`/runs/${runId}/labels?model=efficientnet-lite0&min=0.3`);
  await page.getByText(/^All .* indexed$/).waitFor();
  await page.waitForLoadState("networkidle");
  await shoot(page, "labels");
  await page.goto(`/runs/${runId}/labels?model=efficientnet-lite0&disagrees=efficientnet-lite1&sort=mostCertain`);
  await page.locator(".image-card").first().click();
  await page.getByRole("dialog").getByText("The record as JSON").waitFor();
  await page.waitForLoadState("networkidle");
  await shoot(page, "image");
  await page.goto("/queues/");
  await page.waitForLoadState("networkidle");
  await shoot(page, "queues");
} finally {
  for (const release of releasers.reverse()) await release();
}
