import { isReply } from "./passing-refusal.js";

const wrongType = /\bWRONGTYPE\b/;

/** What Redis answers that no waiting mends, and what to do about it; the first that matches counts. */
const remedies: [answer: RegExp, remedy: string][] = [
  [
    /^(?:MOVED|ASK|CROSSSLOT)\b|cluster mode|cluster support/i,
    "it is a node of a Redis Cluster, which is not supported yet: use a single Redis with cluster mode off",
  ],
  [
    /\bNOPERM\b|no permissions|ACL failure|user executing the script/,
    "its user may not do what labelfleet needs: grant the rights that docs/configuration.md lists under Redis",
  ],
  [/\bNOAUTH\b/, "it asks for a password: use redis://user:password@host:port in REDIS_URL"],
  [
    /\bWRONGPASS\b|invalid password|AUTH.*without any password|no password is set/i,
    "it refuses the user or the password of REDIS_URL: correct them",
  ],
  [
    /DB index is out of range|invalid DB index/i,
    "it has no database of this number: correct the number at the end of REDIS_URL, or raise `databases`",
  ],
  [/\bDENIED\b/, "it is in protected mode and answers to its own machine only: give it a password, or bind it to one"],
  [
    /unknown command|NOPROTO/i,
    "it lacks a command that labelfleet needs: use Redis 6.2 or newer or Valkey itself, not a Sentinel or a proxy",
  ],
  [wrongType, "a key of labelfleet holds something else: delete that key, or use another database"],
];

/** Characters of a key that a message shows. */
const maxKeyCharacters = 200;

const protocolRemedy = "what answers there does not speak Redis's protocol: correct REDIS_URL";

/** What to do about an answer of Redis that waiting does not mend; null for other errors. */
export function remedyOf(error: Error, message = error.message): string | null {
  if (error.name === "ParserError" || /^Protocol error|Unknown RESP type/.test(message)) return protocolRemedy;
  if (!isReply(error)) return null;
  const remedy = remedies.find(([answer]) => answer.test(message))?.[1] ?? null;
  const key = wrongType.test(message) ? keyOf(error) : null;
  return key === null || remedy === null ? remedy : remedy.replace("a key of labelfleet", `labelfleet's key ${key}`);
}

/** The key of the refused command; null where it is a script, which has several. */
function keyOf(error: Error & { command?: { name?: unknown; args?: unknown[] } }): string | null {
  const { name, args } = error.command ?? {};
  const key = args?.[0];
  return typeof key === "string" && !/^eval/i.test(String(name)) ? key.slice(0, maxKeyCharacters) : null;
}
