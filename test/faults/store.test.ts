import { storeCases } from "./cases/store-cases.js";
import { faultSuite } from "./fault-suite.js";

faultSuite("faults of the store", storeCases);
