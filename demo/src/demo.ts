import { join, relative } from "node:path";
import type { Releasers } from "@labelfleet/shared/releasers";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import { S3Store } from "@labelfleet/shared/storage/s3-store";
import { startS3Server } from "@labelfleet/test/support/s3-server";
import { checkLabels } from "./check-labels.js";
import { copyFolder } from "./copy-folder.js";
import { demoEnvironment } from "./environment.js";
import { fillBucket } from "./fill-bucket.js";
import { labelBucket, show, showDashboard } from "./labelfleet.js";
import { readPredictions } from "./predictions.js";
import { classHistogram, failureTable, photoTable } from "./text.js";

const bucket = "demo";
const photos = `s3://${bucket}/photos`;
const labels = `s3://${bucket}/labels`;
/** The page stays for somebody who looks at it, and not for ever. */
const dashboardMs = 10 * 60_000;

/** The whole demo: a bucket, a run by the real command line, and a look at what it wrote. Stops at the signal. */
export async function runDemo(releasers: Releasers, signal: AbortSignal): Promise<void> {
  const server = await startS3Server({ buckets: [bucket] });
  releasers.push("S3 server", () => server.close());
  const env = demoEnvironment(process.env, server.env);
  const store = new S3Store(bucket, s3ConfigFromEnv(env));
  releasers.push("S3 client", () => store.close());

  say(`Filling ${photos} on an S3 server of this process (${server.endpoint}) …`);
  const filled = await fillBucket(store, "photos/", signal);
  say(
    `${filled.objects} objects: the sample photos, crops, flips and scales of them, and ${filled.damaged} damaged files\n`,
  );

  const report = await labelBucket(photos, labels, { env, signal });
  const run = await copyFolder(store, `labels/${report.runId}/`, join("demo-output", report.runId), signal);
  const predictions = await readPredictions(run);
  say(`\n${photoTable(predictions, "photos/samples/")}`);
  say(classHistogram(predictions));
  say(failureTable(predictions, "photos/broken/"));

  await show(["report", run], { env, signal });
  await show(["verify", run], { env, signal });
  say(nextSteps(relative(process.cwd(), run)));
  checkLabels(predictions);

  // Only a person at a terminal can look at it.
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  say(`\nThe labels on a page, for ${dashboardMs / 60_000} minutes or until Ctrl-C:`);
  await showDashboard(report.run, { env, signal }, dashboardMs);
}

function nextSteps(run: string): string {
  return `Predictions       ${run}/predictions/, one line of JSON a photo
                  what is in them: docs/output.md

Your own bucket   npx labelfleet run s3://bucket/photos --out s3://bucket/labels --workers 2
                  credentials as for any AWS tool; AWS_ENDPOINT_URL_S3 names any other S3 server
A folder          npx labelfleet run ./photos --out ./labels --workers 2
All commands      npx labelfleet --help`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
