import { LabelfleetError } from "@labelfleet/shared/errors";

/** The measured tables live in the checkout's bench workspace, which an installed image does not carry. */
export async function bench(name: string, rest: string[]): Promise<number> {
  const location = new URL("../../../../bench/dist/main.js", import.meta.url);
  let main: (args: string[]) => Promise<number>;
  try {
    ({ main } = (await import(location.href)) as { main: typeof main });
  } catch (error) {
    throw new LabelfleetError("USAGE", "the benchmarks are not here: run them in a checkout, after `npm run build`", {
      cause: error,
    });
  }
  return main([name, ...rest]);
}
