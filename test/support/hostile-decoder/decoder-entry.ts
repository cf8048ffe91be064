import { serveDecodes } from "@labelfleet/gpu-worker/decode/serve-decodes";
import { hostileDecode } from "./hostile-decode.js";

serveDecodes(hostileDecode);
