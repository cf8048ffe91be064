import { formatUri, parseUri } from "@labelfleet/shared/storage/uri";

/** Tells local workers which run they will be asked for first. @throws USAGE when an address is none */
export function firstRunEnvironment({ input, output }: { input: string; output: string }): Record<string, string> {
  // As run.json has them: loader threads keep stores by that.
  return { LABELFLEET_FIRST_INPUT: formatUri(parseUri(input)), LABELFLEET_FIRST_OUTPUT: formatUri(parseUri(output)) };
}
