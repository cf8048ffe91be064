import { expect, test, vi } from "vitest";

vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  homedir: () => {
    throw new Error("uv_os_homedir returned ENOENT");
  },
}));

test("a user without a home folder has one for the SDK, which holds no settings", async () => {
  vi.stubEnv("HOME", undefined);
  vi.stubEnv("AWS_REGION", undefined);
  try {
    const { S3Client } = await import("./aws-sdk.js");
    expect(process.env.HOME).toBe("/nonexistent");
    const client = new S3Client({ credentials: { accessKeyId: "a", secretAccessKey: "b" } });
    // It looks for a region in its files.
    await expect(client.config.region()).rejects.toThrow(/Region is missing/);
    client.destroy();
  } finally {
    vi.unstubAllEnvs();
  }
});
