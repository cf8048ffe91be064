/**
 * What a terminal or a reader of logs would obey or hide instead of showing: control characters (C0, DEL and C1, which hold ESC and
 * CSI), separators of lines, and marks that turn the direction of text (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
 */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text from outside (object keys, labels, licences, messages) in one line that is safe to show: each such character as `\u001b`. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

/**
 * The same for whole output, whose line ends stay. JSON keeps its meaning: there such a character stands only within strings, where
 * `\u009b` is the same character.
 */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => (character === "\n" ? character : escaped(character)));
}

/**
 * A line of JSON for whoever shows its strings to people: they come out of it as `printable` text, but for line ends and tabs, which
 * stack traces have.
 */
export function printableWhenParsed(json: string): string {
  // A backslash and what follows are one: the u of \\u001b belongs to no escape.
  const quoted = json.replace(/\\(?:[^u]|u[0-9a-f]{4})/gi, (sequence) => {
    const character = sequence[1] === "u" ? (JSON.parse(`"${sequence}"`) as string) : controls[sequence[1]!];
    return character === undefined ? sequence : character.replace(unprintable, escapedInJson);
  });
  return quoted.replace(unprintable, (character) => (character === "\n" ? character : escapedInJson(character)));
}

const controls: Readonly<Record<string, string>> = { b: "\b", f: "\f", r: "\r" };

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escapedInJson(character: string): string {
  return `\\${escaped(character)}`;
}
