import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { parse } from "csv-parse/sync";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig } from "../e2e/rig.js";
import { startBrowser } from "../support/browser.js";
import { type DashboardProcess, startDashboard } from "./dashboard-process.js";
import { hostileKey, makeGallery } from "./gallery.js";
import { watchedPage } from "./watched-page.js";

let rig: Rig;
let browser: Browser;
let dashboard: DashboardProcess;
let url: string;
let runId: string;
let records: Prediction[];
let originals: Map<string, Buffer>;

beforeAll(async () => {
  rig = await Rig.start();
  browser = await startBrowser();
  const gallery = await makeGallery(rig.dir);
  ({ records, originals } = gallery);
  runId = /([^/]+)\/$/.exec(gallery.run)![1]!;
  dashboard = await startDashboard(rig, [gallery.run]);
  ({ url } = dashboard);
});
afterAll(async () => {
  await browser.close();
  await dashboard.stop();
  expect(await rig.stop()).toEqual([]);
});

type Wanted = (record: Prediction) => boolean;
const probabilityOf = (record: Prediction) => record.top?.[0]?.probability ?? Number.NaN;
const labelOf = (record: Prediction) => record.top?.[0]?.label ?? null;
const otherOf = (record: Prediction) =>
  records.find(({ key, modelId }) => key === record.key && modelId !== record.modelId)!;

/** The filters of the page as a person sets them, and which records they mean. */
const filters: { name: string; set: (page: Page) => Promise<void>; wants: Wanted }[] = [
  { name: "none", set: async () => {}, wants: () => true },
  {
    name: "a label with marks in it",
    set: async (page) => {
      await page.getByLabel("Label", { exact: true }).fill('label "with" <b>marks</b>');
      await page.keyboard.press("Enter");
    },
    wants: (record) => labelOf(record) === 'label "with" <b>marks</b>',
  },
  {
    name: "a range of probability",
    set: async (page) => {
      await page.getByRole("spinbutton", { name: "from" }).fill("0.2");
      await page.getByRole("spinbutton", { name: "to" }).fill("0.296");
      await page.keyboard.press("Tab");
    },
    wants: (record) => probabilityOf(record) >= 0.2 && probabilityOf(record) <= 0.296,
  },
  {
    name: "failed ones of a model",
    set: async (page) => {
      await page.getByRole("combobox", { name: /^Model/ }).selectOption("model-b");
      await page.getByLabel("Status").selectOption("failed");
      await page.getByLabel("Code").selectOption("STORE_TIMEOUT");
    },
    wants: ({ modelId, errorCode }) => modelId === "model-b" && errorCode === "STORE_TIMEOUT",
  },
  {
    name: "where two models disagree",
    set: async (page) => void (await page.getByLabel("Disagreement").selectOption("model-a model-b")),
    wants: (record) =>
      record.modelId === "model-a" && record.status === "ok" && labelOf(record) !== labelOf(otherOf(record)),
  },
];

test.each(filters)(
  "with the filter '$name' page and exports show exactly the records of the shards",
  async ({ set, wants }) => {
    const wanted = records.filter(wants);
    expect(wanted.length).toBeGreaterThan(0);
    const { page, check } = await watchedPage(browser, url);
    await page.goto(`/runs/${runId}/labels`);
    await page.getByText(`All ${records.length} records indexed`).waitFor();
    await set(page);
    await page.getByRole("heading", { name: new RegExp(`^${wanted.length} records?$`) }).waitFor();
    const keys = await page.locator(".image-card .key").allTextContents();
    const certainty = (record: Prediction) => (record.status === "failed" ? 2 : probabilityOf(record));
    const expected = wanted.toSorted((a, b) => certainty(a) - certainty(b)).map(({ key }) => key);
    expect(keys).toEqual(expected.slice(0, 60));

    const exported = async (name: string) => {
      const address = await page.getByRole("link", { name, exact: true }).getAttribute("href");
      return (await page.request.get(address!)).text();
    };
    const lines = (await exported("JSON lines")).split("\n").filter((line) => line !== "");
    const byKey = (a: Prediction, b: Prediction) => (a.key + a.modelId < b.key + b.modelId ? -1 : 1);
    expect(lines.map((line) => JSON.parse(line) as Prediction).toSorted(byKey)).toEqual(wanted.toSorted(byKey));
    const rows = parse(await exported("CSV"), { columns: true }) as { modelId: string; etag: string }[];
    expect(rows.map(({ modelId, etag }) => `${modelId} ${etag}`).toSorted()).toEqual(
      wanted.map(({ modelId, etag }) => `${modelId} ${etag}`).toSorted(),
    );
    const { samples } = JSON.parse(await exported("FiftyOne")) as { samples: { key: string }[] };
    expect(samples.map(({ key }) => key).toSorted()).toEqual([...new Set(wanted.map(({ key }) => key))].toSorted());
    check();
    await page.context().close();
  },
);

test("what is being typed stays while the page around it is drawn anew, and goes when it is cleared", async () => {
  const { page, check } = await watchedPage(browser, url);
  await page.goto(`/runs/${runId}/labels`);
  await page.getByText(`All ${records.length} records indexed`).waitFor();
  await page.getByRole("spinbutton", { name: "from" }).fill("0.2");
  const to = page.getByRole("spinbutton", { name: "to" });
  await to.fill("0.296");
  const shown = (wants: Wanted) => {
    const wanted = records.filter(wants).length;
    return page.getByRole("heading", { name: new RegExp(`^${wanted} records?$`) }).waitFor();
  };
  await shown((record) => probabilityOf(record) >= 0.2);
  expect(await to.inputValue()).toBe("0.296");
  await page.keyboard.press("Enter");
  await shown((record) => probabilityOf(record) >= 0.2 && probabilityOf(record) <= 0.296);

  await to.fill("7");
  await page.keyboard.press("Enter");
  expect(await to.inputValue()).toBe("7");
  const clear = page.getByRole("button", { name: "Clear" });
  await clear.click();
  await shown(() => true);
  expect(await to.inputValue()).toBe("");
  await to.fill("7");
  await clear.click();
  await expect.poll(() => to.inputValue()).toBe("");
  check();
  await page.context().close();
});

test("a hostile key stays text, in the grid and in the view of one image", async () => {
  const { page, check } = await watchedPage(browser, url);
  await page.goto(`/runs/${runId}/labels`);
  const first = page.locator(".image-card").first();
  await first.locator("img").waitFor();
  expect(await first.locator(".key").textContent()).toBe(hostileKey);
  await first.click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("figcaption").waitFor();
  expect(await dialog.locator("figcaption").textContent()).toBe(hostileKey);
  expect(await page.evaluate(() => (globalThis as { hacked?: number }).hacked)).toBeUndefined();
  const record = await page.request.get(
    (await dialog.getByRole("link", { name: "The record as JSON" }).getAttribute("href"))!,
  );
  expect(((await record.json()) as { record: Prediction }).record).toEqual(records[0]);
  check();
  await page.context().close();
});

test("thumbnails are made anew: no byte of an original is served", async () => {
  const { page } = await watchedPage(browser, url);
  const place = `model-a/r000-000000-0000/5`;
  for (const size of ["small", "large"]) {
    const response = await page.request.get(`/api/runs/${runId}/thumbnails/${place}?size=${size}`);
    expect(response.headers()["content-type"]).toBe("image/jpeg");
    const body = await response.body();
    const original = originals.get(records.find(({ key }) => key === "photo-0005.jpg")!.key)!;
    expect(body.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    expect(body.includes(original.subarray(400, 700))).toBe(false);
  }
  const failed = await page.request.get(`/api/runs/${runId}/thumbnails/model-a/r000-000000-0000/30`);
  expect(failed.status()).toBe(404);
  await page.context().close();
});

test("a bar of a histogram is a filter, and the address keeps it", async () => {
  const { page, check } = await watchedPage(browser, url);
  await page.goto(`/runs/${runId}/labels?model=model-a`);
  const wanted = records.filter((record) => record.modelId === "model-a" && labelOf(record) === "espresso");
  await page
    .getByRole("button", { name: /^espresso/ })
    .last()
    .click();
  await page.getByRole("heading", { name: `${wanted.length} records` }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: `${wanted.length} records` }).waitFor();
  expect(new URL(page.url()).searchParams.get("label")).toBe("espresso");
  check();
  await page.context().close();
});
