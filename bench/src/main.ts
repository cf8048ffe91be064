import { pathToFileURL } from "node:url";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { batchingOptions, benchBatching } from "./batching/bench-batching.js";
import { benchDashboard, dashboardOptions } from "./dashboard/bench-dashboard.js";
import { benchListing, listingOptions } from "./listing/bench-listing.js";
import { benchGraphs, graphsOptions } from "./models/bench-graphs.js";
import { benchModels, modelsOptions } from "./models/bench-models.js";
import { benchPeers, peersOptions } from "./peers/bench-peers.js";
import { benchPipeline, pipelineOptions } from "./pipeline/bench-pipeline.js";
import { benchScaling, scalingOptions } from "./scaling/bench-scaling.js";

interface Benchmark {
  run: (args: string[]) => Promise<number>;
  /** What stands before its flags. */
  operands?: string;
  options: Record<string, { type: "string" | "boolean"; default?: string | boolean }>;
}

const benches: Record<string, Benchmark> = {
  batching: { run: benchBatching, options: batchingOptions },
  dashboard: { run: benchDashboard, options: dashboardOptions },
  graphs: { run: benchGraphs, operands: " <file.onnx>...", options: graphsOptions },
  listing: { run: benchListing, options: listingOptions },
  models: { run: benchModels, options: modelsOptions },
  peers: { run: benchPeers, options: peersOptions },
  pipeline: { run: benchPipeline, options: pipelineOptions },
  scaling: { run: benchScaling, options: scalingOptions },
};

/** Runs one benchmark by its name. Returns the exit code. @throws USAGE */
export async function main(args: string[]): Promise<number> {
  const [name = "", ...rest] = args;
  if (isHelp(name)) {
    process.stdout.write(
      `labelfleet bench <name>, one of ${Object.keys(benches).join(", ")}; bench/README.md says what each measures\n`,
    );
    return 0;
  }
  const bench = benches[name];
  if (bench === undefined) {
    throw new LabelfleetError("USAGE", `no benchmark "${name}": there is ${Object.keys(benches).join(", ")}`);
  }
  if (rest.some(isHelp)) {
    process.stdout.write(usageOf(name, bench));
    return 0;
  }
  try {
    // --verbose is for whoever prints an error.
    return await bench.run(rest.filter((arg) => arg !== "--verbose"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !code.startsWith("ERR_PARSE_ARGS")) throw error;
    // The first sentence says what is wrong; the rest is advice about positional arguments.
    throw new LabelfleetError("USAGE", `bench ${name}: ${message.split(/\.\s/)[0]}`, { cause: error });
  }
}

function isHelp(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}

function usageOf(name: string, { operands = "", options }: Benchmark): string {
  const flags = Object.entries(options).map(([flag, { type, default: value }]) => {
    if (type === "string") return `  --${flag} <value>${value === undefined ? "" : ` (${value})`}`;
    return value === true ? `  --no-${flag}` : `  --${flag}`;
  });
  return `labelfleet bench ${name}${operands}, with these defaults; bench/README.md says what they mean:\n${flags.join("\n")}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const known = toLabelfleetError(error);
    process.stderr.write(`bench: ${known.message} [${known.code}]\n`);
    process.exitCode = known.exitCode;
  }
}
