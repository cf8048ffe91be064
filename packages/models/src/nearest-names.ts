/** A typing mistake or two, a missing prefix such as "tf_"; more is another name. */
const mostSteps = 3;
/** Shorter parts are in too many names. */
const leastPart = 2;

/**
 * Up to `limit` known names that `name` may have been meant for, best first: by Levenshtein distance, in which a part of a
 * known name ("lite0" of "efficientnet-lite0") counts as one step, and "-" and "_" are one. None where none is near. Ties keep
 * the order of `known`.
 */
export function nearestNames(name: string, known: readonly string[], limit = 3): string[] {
  const plain = (text: string) => text.toLowerCase().replaceAll("_", "-");
  const wanted = plain(name);
  const distance = (candidate: string) => {
    const steps = levenshtein(wanted, candidate);
    return wanted.length >= leastPart && candidate.includes(wanted) ? Math.min(steps, 1) : steps;
  };
  return known
    .map((candidate) => ({ candidate, steps: distance(plain(candidate)) }))
    .filter(({ steps }) => steps <= Math.min(mostSteps, Math.floor(wanted.length / 3)))
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
