import { decodeForModels } from "@labelfleet/imaging/decode";
import { serveLoads } from "./serve-loads.js";

serveLoads(decodeForModels);
