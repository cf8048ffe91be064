import { redisCases } from "./cases/redis-cases.js";
import { faultSuite } from "./fault-suite.js";

faultSuite("faults of the redis", redisCases);
