import { exportFormats } from "@labelfleet/shared/export/encoder";
import { version } from "@labelfleet/shared/version";
import { Command, Option } from "commander";
import { addBuildFlags, type BuildFlags } from "./build-flags.js";
import { type CommandContext, createContext, type GlobalFlags } from "./command-context.js";

import type { DashboardFlags } from "./commands/dashboard.js";
import type { ExportFlags } from "./commands/export.js";
import type { QuantizeFlags } from "./commands/models/quantize.js";
import { collect, intFrom, laneName, nonNegativeInt, percentage, recordCode, storeUri } from "./flags.js";
import {
  addContinueFlags,
  addInferFlags,
  addMetricsFlags,
  addRunFlags,
  deviceOption,
  type InferFlags,
  type MetricsFlags,
  precisionOption,
  type RunFlags,
} from "./run-flags.js";

import { writeErr, writeOut } from "./view/terminal.js";

/** Called with each command's exit code. */
type Finish = (exitCode: number) => void;

/** Runs a command's work with its context; the work imports what it needs when it runs, so `--help` is quick. */
function action<Args extends unknown[]>(
  finish: Finish,
  work: (context: CommandContext, ...args: Args) => Promise<number>,
): (...args: [...Args, Command]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const context = createContext(command.optsWithGlobals<GlobalFlags>(), command.name());
    finish(await work(context, ...(args.slice(0, -1) as unknown as Args)));
  };
}

const globalHelp = `
Inputs and outputs are s3://bucket/prefix, file:///dir or a path. A trailing * makes s3://bucket/pre* a string prefix.
S3 credentials come from the AWS default chain; AWS_ENDPOINT_URL_S3 names another S3 server (MinIO, Ceph, R2 ...).
Exit codes: 0 done, 1 failed or incomplete, 2 wrong usage, 3 more images failed than --max-failed allows.`;

/** Most often it was the shell that made many words of one. */
function outputError(message: string, write: (text: string) => void): void {
  const hint = message.includes("too many arguments")
    ? "(quote patterns and names with spaces, so that the shell leaves them alone: --include '*.jpg')\n"
    : "";
  write(message + hint);
}

export function createProgram(finish: Finish): Command {
  const program = new Command("labelfleet")
    .description("Labels every image in a bucket or folder with an EfficientNet, on one machine or a fleet of workers.")
    .version(version)
    .option("--json", "print one JSON document on stdout; logs go to stderr")
    .option("--verbose", "log more, and show stack traces")
    .addHelpText("after", globalHelp)
    .showHelpAfterError("(npx labelfleet --help shows the commands)")
    // What stands behind a command is the command's: `bench` gets its flags as they are.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut, writeErr, outputError });

  const subcommand = (parent: Command, usage: string, description: string) =>
    parent
      .command(usage)
      .description(description)
      .option("--json", "print one JSON document on stdout")
      .option("--verbose", "log more, and show stack traces");

  addMetricsFlags(
    addInferFlags(
      addRunFlags(
        subcommand(program, "run <input>", "Label all images under <input>: list them, run local workers, report"),
      ).option("--workers <n>", "local worker processes; they share the cores", nonNegativeInt, 1),
    ),
  ).action(
    action(finish, async (context, input: string, flags: RunFlags & InferFlags & MetricsFlags & { workers: number }) =>
      (await import("./commands/run.js")).run(context, input, flags),
    ),
  );

  addMetricsFlags(
    addRunFlags(subcommand(program, "scan <input>", "List images and queue them for `work` processes")),
  ).action(
    action(finish, async (context, input: string, flags: RunFlags & MetricsFlags) =>
      (await import("./commands/scan.js")).scan(context, input, flags),
    ),
  );

  addMetricsFlags(
    addInferFlags(
      subcommand(program, "work", "Run a worker until stopped (Ctrl-C)")
        .option("--lane <name>", "lane to take batches from; may be repeated (default: default)", collect(laneName))
        .option(
          "--allow <uri>",
          "work only on runs that lie, read and write under it; may be repeated (default: what producers registered)",
          collect(storeUri),
        )
        .addOption(deviceOption()),
    ),
  ).action(
    action(
      finish,
      async (
        context,
        flags: InferFlags & MetricsFlags & { lane?: string[]; allow?: string[]; device: RunFlags["device"] },
      ) => (await import("./commands/work.js")).work(context, { ...flags, lane: flags.lane ?? ["default"] }),
    ),
  );

  subcommand(program, "status [run]", "Show the progress of a run, or of all runs in Redis")
    .option("--watch", "keep updating until the run is done")
    .action(
      action(finish, async (context, run: string | undefined, flags: { watch?: boolean }) =>
        (await import("./commands/status.js")).status(context, run, flags),
      ),
    );

  subcommand(program, "report <run>", "Show the counts and the throughput of a run").action(
    action(finish, async (context, run: string) => (await import("./commands/inspect.js")).report(context, run)),
  );

  subcommand(program, "verify <run>", "Check that every image has exactly one record per model").action(
    action(finish, async (context, run: string) => (await import("./commands/inspect.js")).verify(context, run)),
  );

  subcommand(program, "export <run>", "Write the records to one CSV, JSON lines or FiftyOne file")
    .addOption(new Option("--format <format>", "what to write").choices(exportFormats).makeOptionMandatory())
    .option("--out <file>", "file to write; - is stdout", "-")
    .option("--model <id>", "only this model's records (default: all models)")
    .addOption(new Option("--status <status>", "only these records").choices(["ok", "failed"]))
    .option("--label <label>", "only records with this most probable label")
    .option("--images <dir>", "for fiftyone: a folder with a copy of the input (default: the input itself)")
    .action(
      action(finish, async (context, run: string, flags: ExportFlags) =>
        (await import("./commands/export.js")).exportRecords(context, run, flags),
      ),
    );

  addContinueFlags(
    addMetricsFlags(subcommand(program, "resume <run>", "Finish an interrupted or paused run; repair a damaged one")),
  )
    .option("--force", "resume a cancelled run")
    .action(
      action(finish, async (context, run: string, flags) =>
        (await import("./commands/resume.js")).resume(context, run, flags),
      ),
    );

  addContinueFlags(addMetricsFlags(subcommand(program, "retry <run>", "Reprocess failed images of a finished run")))
    .option("--code <code>", "only images with this error code (default: those that may succeed later)", recordCode)
    .action(
      action(finish, async (context, run: string, flags) =>
        (await import("./commands/retry.js")).retry(context, run, flags),
      ),
    );

  subcommand(program, "pause <run>", "Stop queueing a run until `resume`").action(
    action(finish, async (context, run: string) => (await import("./commands/control.js")).pause(context, run)),
  );

  subcommand(program, "cancel <run>", "Stop a run for good; existing results stay").action(
    action(finish, async (context, run: string) => (await import("./commands/control.js")).cancel(context, run)),
  );

  const models = subcommand(program, "models", "List, show, download, build and check models");
  subcommand(models, "list", "List the bundled models and those that can be downloaded").action(
    action(finish, async (context) => (await import("./commands/models/list.js")).modelsList(context)),
  );
  subcommand(models, "show <model>", "Show a model or architecture: stages, cost, preprocessing").action(
    action(finish, async (context, name: string) =>
      (await import("./commands/models/show.js")).modelsShow(context, name),
    ),
  );
  addBuildFlags(subcommand(models, "build", "Build an ONNX file from an architecture and weights")).action(
    action(finish, async (context, flags: BuildFlags) =>
      (await import("./commands/models/build.js")).modelsBuild(context, flags),
    ),
  );
  subcommand(models, "pull <model>", "Download hf:owner/repo, or a model from `models list`").action(
    action(finish, async (context, name: string) =>
      (await import("./commands/models/pull.js")).modelsPull(context, name),
    ),
  );
  subcommand(models, "check <model>", "Check that graph, weights, card and labels agree; label the sample photos")
    .addOption(precisionOption())
    .addOption(deviceOption())
    .action(
      action(finish, async (context, name: string, flags: Pick<RunFlags, "precision" | "device">) =>
        (await import("./commands/models/check.js")).modelsCheck(context, name, flags),
      ),
    );

  subcommand(models, "quantize <model>", "Quantize a model to 8 bits for CPUs; compare it with the float model")
    .requiredOption(
      "--calibrate <input>",
      "images like those to be labelled: s3://bucket/prefix, file:///dir or a path",
    )
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--images <n>", "calibration images, 64 to 256", intFrom(64, 256), 128)
    .option("--min-agreement <p>", "minimum share of images that keep their top label", percentage, 0.97)
    .action(
      action(finish, async (context, name: string, flags: QuantizeFlags) =>
        (await import("./commands/models/quantize.js")).modelsQuantize(context, name, flags),
      ),
    );

  subcommand(
    program,
    "dashboard [run...]",
    "Serve the web page: runs, labels, queues; with a run named, REDIS_URL is optional",
  )
    .option(
      "--host <address>",
      "address to listen on; anything but 127.0.0.1 needs LABELFLEET_DASHBOARD_TOKEN",
      "127.0.0.1",
    )
    .option("--port <n>", "port to listen on", nonNegativeInt, 8080)
    .option("--read-only", "disable pause, resume, cancel and retry")
    .option("--queue-actions", "let jobs be added, retried and removed on the Queues page")
    .action(
      action(finish, async (context, runs: string[], flags: DashboardFlags) =>
        (await import("./commands/dashboard.js")).dashboard(context, runs, flags),
      ),
    );

  program
    .command("bench <name> [args...]")
    .description("Run a benchmark: batching, dashboard, graphs, listing, models, peers, pipeline, scaling")
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (name: string, args: string[]) => {
      const given = program.opts<GlobalFlags>().json ? ["--json", ...args] : args;
      finish(await (await import("./commands/bench.js")).bench(name, given));
    });

  return program;
}
