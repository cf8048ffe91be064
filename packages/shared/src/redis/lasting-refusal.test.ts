import { expect, test } from "vitest";
import { toLabelfleetError } from "../errors.js";

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

test.each([
  ["MOVED 3999 127.0.0.1:6381", /single Redis with cluster mode off/],
  ["ASK 3999 127.0.0.1:6381", /cluster/],
  ["CROSSSLOT Keys in request don't hash to the same slot", /cluster/],
  ["ERR SELECT is not allowed in cluster mode", /cluster/],
  ["NOPERM this user has no permissions to run the 'xadd' command", /'xadd'.*grant the rights/],
  ["ERR ACL failure in script: User u has no permissions to run the 'xadd' command", /grant the rights/],
  ["ERR The user executing the script can't run this command or subcommand", /grant the rights/],
  ["NOAUTH Authentication required.", /password/],
  ["WRONGPASS invalid username-password pair or user is disabled.", /refuses the user or the password/],
  ["ERR DB index is out of range", /no database of this number/],
  ["DENIED Redis is running in protected mode because protected mode is enabled", /protected mode/],
  ["ERR unknown command 'EVALSHA', with args beginning with:", /not a Sentinel or a proxy/],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", /delete that key/],
])("Redis that answers %j is unsuitable, and what to do is said", (message, remedy) => {
  const known = toLabelfleetError(reply(message));
  expect(known).toMatchObject({ code: "REDIS_UNSUITABLE", retryable: false });
  expect(known.message).toContain(message);
  expect(known.message).toMatch(remedy);
});

test("a key that holds something else is named, unless a script met it", () => {
  const met = (name: string, args: string[]) =>
    toLabelfleetError(Object.assign(reply("WRONGTYPE wrong kind of value"), { command: { name, args } })).message;
  expect(met("zrevrange", ["lf:runs", "0", "9"])).toContain(
    "labelfleet's key lf:runs holds something else: delete that key",
  );
  expect(met("evalsha", ["9c11", "1", "lf:runs"])).toContain("a key of labelfleet holds something else");
});

test("the same words from elsewhere are no answer of Redis", () => {
  expect(toLabelfleetError(new Error("MOVED to another house")).code).toBe("INTERNAL");
});
