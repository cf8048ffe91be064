import { controlCases } from "./cases/control-cases.js";
import { faultSuite } from "./fault-suite.js";

faultSuite("faults during retry, pause and cancel", controlCases);
