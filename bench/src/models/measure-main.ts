import { type MeasureOptions, measureModel } from "./measure.js";

/** A process of its own for each network: options as JSON in the argument, the result as JSON on stdout. */
const options = JSON.parse(process.argv[2] ?? "") as MeasureOptions;
process.stdout.write(JSON.stringify(await measureModel(options)));
