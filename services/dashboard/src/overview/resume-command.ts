/** The command that goes on with a run, as it can be pasted into a shell whatever the run's address holds. */
export function resumeCommand(run: string): string {
  return `npx labelfleet resume ${/^[A-Za-z0-9_./:@%+=,-]+$/.test(run) ? run : `'${run.replaceAll("'", `'\\''`)}'`}`;
}
