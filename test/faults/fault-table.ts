import { faultTable } from "./fault-results.js";

// `node test/dist/faults/fault-table.js`: the table of docs/guarantees.md out of the last runs of `npm run test:faults`,
// `npm run test:containers` and `npm run chaos`.
process.stdout.write(await faultTable("faults", "containers", "chaos"));
