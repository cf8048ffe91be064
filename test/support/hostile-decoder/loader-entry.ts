import { serveLoads } from "@labelfleet/gpu-worker/fetch/serve-loads";
import { hostileDecode } from "./hostile-decode.js";

serveLoads(hostileDecode);
