import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { s3ConfigFromEnv } from "./s3-config.js";
import { decodeKey, isEncodedKeyAfter } from "./s3-keys.js";

describe("s3ConfigFromEnv", () => {
  it("uses path style and a default region with an endpoint only", () => {
    expect(s3ConfigFromEnv({})).toMatchObject({ pathStyle: false, requestChecksums: "WHEN_REQUIRED" });
    expect(s3ConfigFromEnv({})).not.toHaveProperty("region");
    const minio = s3ConfigFromEnv({ AWS_ENDPOINT_URL: "http://minio:9000" });
    expect(minio).toMatchObject({ endpoint: "http://minio:9000", region: "us-east-1", pathStyle: true });
  });

  it("lets the service's own endpoint, the region and the path style win", () => {
    const env = {
      AWS_ENDPOINT_URL: "http://all:1",
      AWS_ENDPOINT_URL_S3: "https://s3.example.com",
      AWS_REGION: "eu-west-1",
      LABELFLEET_S3_PATH_STYLE: "false",
      AWS_RESPONSE_CHECKSUM_VALIDATION: "when_supported",
    };
    expect(s3ConfigFromEnv(env)).toMatchObject({
      endpoint: "https://s3.example.com",
      region: "eu-west-1",
      pathStyle: false,
      responseChecksums: "WHEN_SUPPORTED",
    });
  });

  it("takes keys from the environment unless a profile is named, and shows no secret when printed", async () => {
    const keys = { AWS_ACCESS_KEY_ID: "AKIA1", AWS_SECRET_ACCESS_KEY: "hush-hush" };
    const config = s3ConfigFromEnv(keys);
    expect(await config.credentials?.()).toEqual({ accessKeyId: "AKIA1", secretAccessKey: "hush-hush" });
    expect(JSON.stringify(config)).not.toContain("hush");
    expect(s3ConfigFromEnv({ ...keys, AWS_PROFILE: "work" })).not.toHaveProperty("credentials");
  });

  it.each([
    ["AWS_ENDPOINT_URL_S3", "minio:9000"],
    ["LABELFLEET_S3_PATH_STYLE", "yes"],
    ["LABELFLEET_S3_MAX_SOCKETS", "0"],
    ["LABELFLEET_S3_TIMEOUT_MS", "soon"],
  ])("names %s when it is wrong", (name, value) => {
    const error = (() => {
      try {
        return s3ConfigFromEnv({ [name]: value });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(new RegExp(`${name} is wrong: [^\\n]+$`)),
    });
  });

  it("reads the CAs of AWS_CA_BUNDLE, and those that Node is told of beside it", () => {
    const ca = fileURLToPath(new URL("../../../../test/support/tls/ca.pem", import.meta.url));
    const server = fileURLToPath(new URL("../../../../test/support/tls/server.pem", import.meta.url));
    const certificates = (env: Record<string, string>) =>
      s3ConfigFromEnv(env).caCertificates?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    expect(certificates({})).toBe(0);
    expect(certificates({ AWS_CA_BUNDLE: ca })).toBe(1);
    expect(certificates({ AWS_CA_BUNDLE: ca, NODE_EXTRA_CA_CERTS: server })).toBe(2);
    expect(certificates({ AWS_CA_BUNDLE: ca, NODE_EXTRA_CA_CERTS: "/none" })).toBe(1);
  });

  it.each([
    ["/none/ca.pem", "cannot be read (ENOENT)"],
    ["/", "cannot be read (EISDIR)"],
    [fileURLToPath(import.meta.url), "has no certificate in PEM"],
  ])("says in one line what is wrong with the bundle %s", (path, why) => {
    expect(() => s3ConfigFromEnv({ AWS_CA_BUNDLE: path })).toThrow(`AWS_CA_BUNDLE names ${path}, which ${why}`);
  });

  it("takes an empty variable as unset", () => {
    expect(s3ConfigFromEnv({ AWS_ENDPOINT_URL_S3: "", LABELFLEET_S3_MAX_SOCKETS: "" })).not.toHaveProperty("endpoint");
  });
});

it("decodes listed keys of AWS, MinIO and Ceph, and tells what is not UTF-8", () => {
  expect(decodeKey("a+b%2Bc%2520/%C3%BC.jpg")).toBe("a b+c%20/ü.jpg");
  expect(decodeKey("a%20b")).toBe("a b");
  expect(decodeKey("a%FF")).toBeUndefined();
});

it("compares keys that are not UTF-8 by their bytes", () => {
  expect(isEncodedKeyAfter("a+%FF", "a z")).toBe(true);
  expect(isEncodedKeyAfter("a+%FF", "a!")).toBe(false);
  expect(isEncodedKeyAfter("%C3%BC%FF", "\u00fc")).toBe(true);
  expect(isEncodedKeyAfter("%C3%FF", "\u00fc")).toBe(true);
  expect(isEncodedKeyAfter("%C3%80", "\u00fc")).toBe(false);
});
