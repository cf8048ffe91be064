import { expect, test } from "vitest";
import { type S3Operation, toStoreError } from "./s3-errors.js";

/** An error as the SDK and our own reader make it of an answer. */
function answered(status: number, name: string, message = ""): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

function errorOf(operation: S3Operation, error: unknown, conditional = false) {
  return toStoreError(error, operation, "s3://photos/a.jpg", conditional);
}

test.each<[S3Operation, boolean, string, string]>([
  ["get", false, "STORE_UNSUPPORTED", "GET"],
  ["head", false, "STORE_UNSUPPORTED", "HEAD"],
  ["list", false, "STORE_UNSUPPORTED", "LIST (ListObjectsV2)"],
  ["put", false, "OUTPUT_UNWRITABLE", "PUT"],
  ["put", true, "OUTPUT_UNWRITABLE", "PUT with a condition (If-None-Match, If-Match)"],
  ["delete", false, "OUTPUT_UNWRITABLE", "DELETE"],
])(
  "a store without support for %s (condition: %s) is told which request that is",
  (operation, conditional, code, request) => {
    for (const answer of [
      answered(501, "NotImplemented"),
      answered(405, "MethodNotAllowed"),
      answered(501, "Unknown"),
    ]) {
      const { code: said, message } = errorOf(operation, answer, conditional);
      expect([said, message]).toEqual([code, expect.stringContaining(`: the store does not support ${request} (`)]);
    }
    const refused = errorOf(
      operation,
      answered(411, "MissingContentLength", "You must say how long it is."),
      conditional,
    );
    expect(refused.message).toContain(`the store refuses ${request}, saying "You must say how long it is." (`);
  },
);

test.each([
  [400, "InvalidBucketName", "USAGE"],
  [404, "NoSuchBucket", "BUCKET_NOT_FOUND"],
  [404, "XAdminUserNotFound", "CREDENTIALS_REFUSED"],
  [403, "InvalidAccessKeyId", "CREDENTIALS_REFUSED"],
  [403, "SignatureDoesNotMatch", "CREDENTIALS_REFUSED"],
  [400, "ExpiredToken", "CREDENTIALS_REFUSED"],
  [403, "InvalidClientTokenId", "CREDENTIALS_REFUSED"],
  [301, "PermanentRedirect", "USAGE"],
])("%s %s means the same whatever was asked for", (status, name, code) => {
  for (const operation of ["get", "head", "list", "put", "delete"] as const) {
    expect([operation, errorOf(operation, answered(status, name), true).code]).toEqual([operation, code]);
  }
});

test("refused credentials say what is wrong with them", () => {
  const said = (name: string) => errorOf("list", answered(403, name)).message;
  expect(said("ExpiredToken")).toContain("have expired; renew them");
  expect(said("SignatureDoesNotMatch")).toContain("check AWS_SECRET_ACCESS_KEY");
  expect(said("InvalidAccessKeyId")).toContain("check AWS_ACCESS_KEY_ID or AWS_PROFILE");
});

test("an error in an answer of status 200, to which the SDK gives 503, is what it says and no throttling", () => {
  const codes = ["InternalError", "AccessDenied", "NotImplemented", "SlowDown", "ServiceUnavailable"];
  expect(codes.map((name) => errorOf("list", answered(503, name)).code)).toEqual([
    "STORE_UNAVAILABLE",
    "ACCESS_DENIED",
    "STORE_UNSUPPORTED",
    "STORE_THROTTLED",
    "STORE_THROTTLED",
  ]);
});

test("only what says that a key is missing counts as missing", () => {
  for (const name of ["NoSuchKey", "NotFound", "UnknownError"]) {
    expect(errorOf("get", answered(404, name)).code).toBe("OBJECT_NOT_FOUND");
    // What was to be replaced by If-Match is gone.
    expect(errorOf("put", answered(404, name), true).code).toBe("PRECONDITION_FAILED");
  }
  expect(errorOf("get", answered(404, "NoSuchTenant")).code).toBe("OBJECT_DENIED");
  // Never taken for another writer that was first.
  expect(errorOf("put", answered(404, "NoSuchTenant"), true).code).toBe("BUCKET_NOT_FOUND");
});

test("a certificate that is not trusted names the variable that helps", () => {
  const error = Object.assign(new Error("self-signed certificate in certificate chain"), {
    code: "SELF_SIGNED_CERT_IN_CHAIN",
  });
  expect(errorOf("list", error)).toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("AWS_CA_BUNDLE"),
  });
});

test("an error without a name of its own adds none to the message", () => {
  expect(errorOf("list", new Error("Region is missing")).message).toMatch(/set AWS_REGION$/);
});
