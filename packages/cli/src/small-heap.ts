import { setFlagsFromString } from "node:v8";

/** Garbage may take up this part of what lives before it is collected. */
const growingPercent = 40;

/**
 * Makes V8 collect its old generation early. Unasked it waits until there is up to four times what lives in it, which for a
 * producer that streams millions of keys is twice its memory. It looks at this flag anew for each collection. Costs a few
 * percent of CPU; not for workers, whose memory is pixels.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
}
