import { expect, test } from "vitest";
import { toLabelfleetError } from "../errors.js";

function reply(message: string, previousErrors?: Error[]): Error {
  return Object.assign(new Error(message), { name: "ReplyError", ...(previousErrors && { previousErrors }) });
}
const discarded = "EXECABORT Transaction discarded because of previous errors.";

test.each([
  "OOM command not allowed when used memory > 'maxmemory'.",
  "READONLY You can't write against a read only replica. script: 1, on @user_script:1.",
  "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed",
  "MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.",
  "LOADING Redis is loading the dataset in memory",
  "CLUSTERDOWN The cluster is down",
  discarded,
])("Redis that answers %j is unavailable for now, which may pass", (message) => {
  const known = toLabelfleetError(reply(message));
  expect(known).toMatchObject({ code: "REDIS_UNAVAILABLE", retryable: true });
  expect(known.message).toContain(message);
});

test("a transaction passes if what was refused of it passes, and says what that was", () => {
  const full = reply("OOM command not allowed when used memory > 'maxmemory'.");
  const forbidden = reply("NOPERM this user has no permissions to run the 'xadd' command");
  const passes = toLabelfleetError(reply(discarded, [full, full]));
  expect(passes).toMatchObject({ retryable: true, message: `Redis temporarily refuses commands: ${full.message}` });
  const stays = toLabelfleetError(reply(discarded, [full, forbidden]));
  expect(stays).toMatchObject({ retryable: false, code: "REDIS_UNSUITABLE" });
  expect(stays.message).toContain(forbidden.message);
});

test.each([
  reply("WRONGTYPE Operation against a key holding the wrong kind of value"),
  reply("NOAUTH Authentication required."),
  new Error("OOM in something else"),
])("%s does not pass by itself", (error) => {
  expect(toLabelfleetError(error).retryable).toBe(false);
});
