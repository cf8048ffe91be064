import { pathToFileURL } from "node:url";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { benchBatching } from "./batching/bench-batching.js";
import { benchDashboard } from "./dashboard/bench-dashboard.js";
import { benchListing } from "./listing/bench-listing.js";
import { benchGraphs } from "./models/bench-graphs.js";
import { benchModels } from "./models/bench-models.js";
import { benchPeers } from "./peers/bench-peers.js";
import { benchPipeline } from "./pipeline/bench-pipeline.js";
import { benchScaling } from "./scaling/bench-scaling.js";

const benches: Record<string, (args: string[]) => Promise<number>> = {
  dashboard: benchDashboard,
  batching: benchBatching,
  graphs: benchGraphs,
  listing: benchListing,
  models: benchModels,
  peers: benchPeers,
  pipeline: benchPipeline,
  scaling: benchScaling,
};

/** Runs one benchmark by its name. Returns the exit code. @throws USAGE */
export async function main(args: string[]): Promise<number> {
  const [name = "", ...rest] = args;
  const bench = benches[name];
  if (bench === undefined) {
    throw new LabelfleetError("USAGE", `no benchmark "${name}": there is ${Object.keys(benches).join(", ")}`);
  }
  try {
    // --verbose is for whoever prints an error.
    return await bench(rest.filter((arg) => arg !== "--verbose"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !code.startsWith("ERR_PARSE_ARGS")) throw error;
    // The first sentence says what is wrong; the rest is advice about positional arguments.
    throw new LabelfleetError("USAGE", `bench ${name}: ${message.split(/\.\s/)[0]}`, { cause: error });
  }
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
