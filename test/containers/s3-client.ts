import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import type { TestS3 } from "../support/fixtures.js";
import type { RunObjects } from "../support/run-files.js";

export type ContainerS3 = TestS3 & RunObjects;

/** The fixture's view of an S3 server that runs elsewhere. `close` stops it too. */
export function s3Client(env: Record<string, string>, stopServer: () => Promise<unknown>): ContainerS3 {
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? "";
  const stores = new Map<string, ObjectStore>();
  const storeOf = async (bucket: string) => {
    const store = stores.get(bucket) ?? (await openStore(`s3://${bucket}`, { s3: s3ConfigFromEnv(env) })).store;
    stores.set(bucket, store);
    return store;
  };
  return {
    endpoint,
    env,
    // Our stores never make buckets. The server looks at the access key only, so no signature is needed.
    async createBucket(bucket) {
      const authorization = `AWS4-HMAC-SHA256 Credential=${env.AWS_ACCESS_KEY_ID}/20260101/us-east-1/s3/aws4_request`;
      const response = await fetch(`${endpoint}/${bucket}`, { method: "PUT", headers: { authorization } });
      if (!response.ok) throw new Error(`PUT /${bucket} answered ${response.status}: ${await response.text()}`);
    },
    putObject: async (bucket, key, body) => void (await (await storeOf(bucket)).put(key, body)),
    getObject: async (bucket, key) => (await (await storeOf(bucket)).get(key)).body,
    deleteObject: async (bucket, key) => (await storeOf(bucket)).delete(key),
    async listKeys(bucket, prefix) {
      const keys: string[] = [];
      for await (const { key } of (await storeOf(bucket)).list({ prefix })) keys.push(key);
      return keys;
    },
    async close() {
      for (const store of stores.values()) await store.close();
      stores.clear();
      await stopServer();
    },
  };
}
