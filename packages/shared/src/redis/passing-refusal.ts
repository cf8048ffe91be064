/** What Redis answers while it is full, read-only after a failover, loading, electing a master, busy or short of replicas. */
const passing =
  /\b(?:OOM|READONLY|MISCONF|LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|NOGOODSLAVE|UNBLOCKED|max number of clients)\b/;

/** What a replica answers that was the master before, or that the name led to too early. */
const fromNoMaster = /\b(?:READONLY|MASTERDOWN|UNBLOCKED)\b/;

/**
 * Whether Redis refused a command because of its state, which passes, and not because of the command. Older versions put the
 * word behind "ERR Error running script"; EXECABORT is how it answers a transaction of which it refused a part, and ioredis
 * says which refusals those were.
 */
export function isPassingRefusal(error: unknown): error is Error {
  if (!isReply(error)) return false;
  const parts = refusedParts(error);
  if (error.message.startsWith("EXECABORT")) return parts.every(({ message }) => passing.test(message));
  return passing.test(error.message);
}

/** Whether the server that refused the command is not the master. */
export function isFromNoMaster(error: unknown): error is Error {
  return isReply(error) && [error, ...refusedParts(error)].some(({ message }) => fromNoMaster.test(message));
}

/** Why Redis refused: of a transaction the part that decides whether that passes. Other errors' own message. */
export function refusalMessage(error: Error): string {
  const parts = refusedParts(error);
  return (parts.find(({ message }) => !passing.test(message)) ?? parts[0] ?? error).message;
}

/** Whether Redis, and not the network or a library, said this. */
export function isReply(error: unknown): error is Error & { previousErrors?: Error[] } {
  return error instanceof Error && error.name === "ReplyError";
}

function refusedParts(error: Error & { previousErrors?: Error[] }): Error[] {
  return error.name === "ReplyError" && error.message.startsWith("EXECABORT") ? (error.previousErrors ?? []) : [];
}
