import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { errorCatalog, hasCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { type ExportFormat, encoderOf } from "@labelfleet/shared/export/encoder";
import { type ExportCounts, type ExportFilter, exportRun } from "@labelfleet/shared/export/export-run";
import { imagePathsOf } from "@labelfleet/shared/export/image-path";
import { checkReport } from "@labelfleet/shared/run/check-report";
import type { Problems } from "@labelfleet/shared/run/problems";
import { ManifestCheck } from "@labelfleet/shared/run/record-stream";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { makeFolder } from "@labelfleet/shared/storage/file-write";
import { type CommandContext, printJson } from "../command-context.js";
import { type RunStanding, standingOf } from "../run-standing.js";
import { counted } from "../view/format.js";
import { problemLines } from "../view/problem-lines.js";
import { printableStream, writeErr, writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

const stdout = "-";

export interface ExportFlags {
  format: ExportFormat;
  out: string;
  model?: string;
  status?: NonNullable<ExportFilter["status"]>;
  label?: string;
  images?: string;
}

/**
 * The records of a run as a file for other tools. Of a run that is not complete, or that lost something since, those that there are:
 * what is missing is named then (exit code 1). A file is there whole or not at all.
 *
 * @throws USAGE for a model that the run does not have, and for --json without a file
 */
export function exportRecords(context: CommandContext, uri: string, flags: ExportFlags): Promise<number> {
  checkOut(context, flags.out);
  return withReleasers(context, async (releasers, signal) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const spec = await folder.readSpec();
    const modelIds = spec.frozen.models.map(({ id }) => id);
    const encoder = encoderOf(flags.format, imagePathsOf(spec.frozen.input, flags.images ?? null), modelIds);
    const filter = filterOf(spec, flags);
    const counts = { images: 0, records: 0 };
    const check = new ManifestCheck();
    const text = Readable.from(exportRun({ folder, spec, encoder, filter, counts, check }), { highWaterMark: 1 });
    const writing = flags.out === stdout ? toStdout(text, signal) : toFile(text, resolve(flags.out), signal);
    const isWhole = await writing.catch((error: unknown) => {
      throw withAdvice(error, folder.uri);
    });
    const standing = await standingOf(folder);
    const { isFinished } = standing;
    const { problems } = check;
    // Whoever stopped reading did not want to know how it ends.
    if (isFinished && isWhole) await checkReport(folder, spec, check, problems);
    const isComplete = isFinished && (!isWhole || problems.total === 0);
    const wrong = isComplete ? null : problems;
    tell(context, standing, flags, counts, wrong);
    return isComplete ? 0 : errorCatalog.RUN_INCOMPLETE.exitCode;
  });
}

/** Verify reads on behind a damaged shard, so it names all of them. */
function withAdvice(error: unknown, run: string): unknown {
  if (!hasCode(error, "RUN_INVALID")) return error;
  const { code, message } = toLabelfleetError(error);
  const advice = `nothing more is exported. For what is damaged, and what repairs it: npx labelfleet verify ${run}`;
  return new LabelfleetError(code, `${message}: ${advice}`, { cause: error });
}

function checkOut({ json }: CommandContext, out: string): void {
  if (json && out === stdout) throw new LabelfleetError("USAGE", "--json writes to stdout: name a file with --out");
  if (/^[a-z0-9+.-]+:\/\//i.test(out)) {
    throw new LabelfleetError("USAGE", `--out ${JSON.stringify(out)}: an export is written to a file or to stdout`);
  }
}

function filterOf(spec: RunSpec, { model, status, label }: ExportFlags): ExportFilter {
  const modelIds = spec.frozen.models.map(({ id }) => id);
  if (model !== undefined && !modelIds.includes(model)) {
    throw new LabelfleetError("USAGE", `the run has no model ${JSON.stringify(model)}, only ${modelIds.join(", ")}`);
  }
  return { modelId: model ?? null, status: status ?? null, label: label ?? null };
}

/** Whoever reads may stop reading (`| head`). Returns whether all was written. */
async function toStdout(text: Readable, signal: AbortSignal): Promise<boolean> {
  try {
    const out = process.stdout as Writable;
    if (process.stdout.isTTY) await pipeline(text, printableStream(), out, { signal, end: false });
    else await pipeline(text, out, { signal, end: false });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw interrupted(signal) ?? error;
    return false;
  }
}

async function toFile(text: Readable, path: string, signal: AbortSignal): Promise<true> {
  const part = `${path}.part`;
  try {
    await makeFolder(dirname(path));
    await pipeline(text, createWriteStream(part), { signal });
    await rename(part, path);
    return true;
  } catch (error) {
    // Where a folder on the way is a file there is no part either.
    await rm(part, { force: true }).catch(() => undefined);
    throw interrupted(signal) ?? unwritable(error, path);
  }
}

function interrupted(signal: AbortSignal): LabelfleetError | null {
  return signal.aborted ? new LabelfleetError("INTERRUPTED", "the export was interrupted: run it again") : null;
}

function unwritable(error: unknown, path: string): unknown {
  if (error instanceof LabelfleetError || !(error instanceof Error) || !("code" in error)) return error;
  const why = reasons[String(error.code)] ?? error.message;
  return new LabelfleetError("OUTPUT_UNWRITABLE", `--out ${path} cannot be written: ${why}`, { cause: error });
}

/** What the system's codes mean for a file that is to be written. */
const reasons: Record<string, string> = {
  ENOENT: "its folder cannot be made",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file, not a folder",
  EEXIST: "a part of its path is a file, not a folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENAMETOOLONG: "the name is too long",
};

/** @param problems what is missing or wrong; null for a complete run */
function tell(
  { json }: CommandContext,
  standing: RunStanding,
  { format, out }: ExportFlags,
  { images, records }: ExportCounts,
  problems: Problems | null,
): void {
  const wrong = problems === null ? {} : { problemCount: problems.total, problems: problems.kept };
  if (json)
    printJson({ run: standing.run, complete: problems === null, format, out: resolve(out), images, records, ...wrong });
  else if (out !== stdout) {
    writeOut(`${counted(records, "record")} of ${counted(images, "image")} written to ${out}\n`);
  }
  if (problems !== null)
    writeErr(`The run is not complete, and neither is the export:\n${problemLines(problems, standing)}`);
}
