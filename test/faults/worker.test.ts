import { workerCases } from "./cases/worker-cases.js";
import { faultSuite } from "./fault-suite.js";

faultSuite("faults of the worker", workerCases);
