const nobody = 65_534;

/**
 * Runs something with the rights of an ordinary user, whoever runs the tests: root may read everything. The ids are those of
 * the process with all its threads, so nothing else may go on meanwhile.
 */
export async function withoutRoot<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run();
  process.setegid!(nobody);
  process.seteuid!(nobody);
  try {
    return await run();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}
