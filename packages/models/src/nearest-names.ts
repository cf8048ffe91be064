/**
 * The `limit` known names most like `name`, best first: by Levenshtein distance, in which a part of a known name
 * ("lite0" of "efficientnet-lite0") counts as one step. Ties keep the order of `known`.
 */
export function nearestNames(name: string, known: readonly string[], limit = 3): string[] {
  const wanted = name.toLowerCase();
  const distance = (candidate: string) =>
    wanted !== "" && candidate.includes(wanted) ? 1 : levenshtein(wanted, candidate.toLowerCase());
  return known
    .map((candidate) => ({ candidate, steps: distance(candidate) }))
    .sort((left, right) => left.steps - right.steps)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Insertions, deletions and replacements between two strings, row by row (Wagner and Fischer, 1974). */
export function levenshtein(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
