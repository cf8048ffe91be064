/**
 * The environment of the demo's commands: this one, with the demo's S3 server and nothing else that says where buckets are
 * (a profile would win over the keys), and without REDIS_URL, so that `run` starts a private Redis.
 */
export function demoEnvironment(own: NodeJS.ProcessEnv, s3Server: Record<string, string>): Record<string, string> {
  const kept = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(AWS_|LABELFLEET_S3_|REDIS_URL$)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...s3Server };
}
