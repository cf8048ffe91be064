import { decodeForModels } from "@labelfleet/imaging/decode";
import { serveDecodes } from "./serve-decodes.js";

serveDecodes(decodeForModels);
