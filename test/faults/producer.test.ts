import { producerCases } from "./cases/producer-cases.js";
import { faultSuite } from "./fault-suite.js";

faultSuite("faults of the producer", producerCases);
