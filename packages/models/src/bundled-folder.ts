import { fileURLToPath } from "node:url";

/** models/ at the root of the repository, seen from src/ and dist/ alike. */
export const bundledFolder = fileURLToPath(new URL("../../../models/", import.meta.url));
