import { type ErrorCode, LabelfleetError } from "../errors.js";

export type S3Operation = "get" | "head" | "list" | "put" | "delete";

/** The parts of an SDK or socket error that decide; all of them may be missing. */
interface ErrorParts {
  name: string;
  status: number | undefined;
  message: string;
  /** The region that the store says the bucket is in. */
  region: string | undefined;
}

const credentialNames = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidToken",
  "TokenRefreshRequired",
  "InvalidClientTokenId",
  "InvalidSecurity",
  "NotSignedUp",
  "AccountProblem",
  // versitygw's for an access key that it does not know, with status 404.
  "XAdminUserNotFound",
  "CredentialsProviderError",
  "TokenProviderError",
  "UnrecognizedClientException",
]);
const throttledNames = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "RequestLimitExceeded",
  "TooManyRequests",
  "TooManyRequestsException",
  "BandwidthLimitExceeded",
]);
const timeoutNames = new Set(["TimeoutError", "RequestTimeout", "ETIMEDOUT"]);
const regionNames = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** The codes of what is not there, and those of an answer that has none. */
const notFoundNames = new Set([
  "NoSuchKey",
  "NoSuchVersion",
  "NotFound",
  "Error",
  "Unknown",
  "UnknownError",
  "S3ServiceException",
]);
const unsupportedNames = new Set(["NotImplemented", "MethodNotAllowed"]);
/** The SDK gives 503 to an error that came with status 200, whatever it is. */
const otherNamesOf503 = new Set(["InternalError", "AccessDenied", "NotImplemented", "MethodNotAllowed"]);
/** What Node says of a certificate that it does not trust. */
const certificateName = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/;

/** Thrown by our own deadline of an attempt. */
export class AttemptTimeout extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Turns whatever the SDK, the socket or our deadline threw into one of our errors. The message is one line, names the
 * address and never a credential. `conditional`: the call had If-Match or If-None-Match.
 */
export function toStoreError(
  error: unknown,
  operation: S3Operation,
  uri: string,
  conditional: boolean,
): LabelfleetError {
  if (error instanceof LabelfleetError) return error;
  const parts = partsOf(error);
  const [code, text] = decide(parts, operation, conditional);
  const details = [parts.name, parts.status ? `HTTP ${parts.status}` : ""].filter(
    (part) => part !== "" && part !== "Error",
  );
  const detail = details.length > 0 ? ` (${details.join(", ")})` : "";
  return new LabelfleetError(code, oneLine(`cannot ${operation} ${uri}: ${text}${detail}`), { cause: error });
}

/** Keys may hold any character; a message may not. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => JSON.stringify(char).slice(1, -1));
}

function decide(parts: ErrorParts, operation: S3Operation, conditional: boolean): [ErrorCode, string] {
  const { name, status } = parts;
  if (credentialNames.has(name)) return ["CREDENTIALS_REFUSED", wrongCredentials(name)];
  if (name === "InvalidBucketName") return ["USAGE", "the store says that this is no valid name of a bucket"];
  if (name === "NoSuchBucket")
    return ["BUCKET_NOT_FOUND", "there is no such bucket; check its name and AWS_ENDPOINT_URL_S3"];
  if (status === 301 || status === 307 || regionNames.has(name)) {
    const where = parts.region
      ? `in the region ${parts.region}; set AWS_REGION=${parts.region}`
      : "elsewhere; set AWS_REGION";
    return ["USAGE", `the bucket is ${where}`];
  }
  if (parts.message.includes("Region is missing")) return ["USAGE", "no region is set; set AWS_REGION"];
  if (status === 412 || name === "PreconditionFailed") {
    if (operation === "get") return ["OBJECT_CHANGED", "the object was replaced after it was listed"];
    return ["PRECONDITION_FAILED", "another writer was first"];
  }
  // Two conditional writes at the same moment: S3 lets neither know who won, and asks to try again.
  if (status === 409) return ["STORE_UNAVAILABLE", "another request to the same key is under way"];
  if (status === 404 || name === "NoSuchKey" || name === "NotFound") {
    const isMissing = notFoundNames.has(name);
    if (operation === "put" && conditional && isMissing)
      return ["PRECONDITION_FAILED", "the object to be replaced is gone"];
    if (operation === "list" || operation === "put")
      return ["BUCKET_NOT_FOUND", "the store does not know this address"];
    // Codes of a store's own, which may mean the credentials, or anything.
    if (!isMissing) return ["OBJECT_DENIED", "the store refuses the request"];
    return ["OBJECT_NOT_FOUND", "there is no such object"];
  }
  if (name === "InvalidObjectState") return ["OBJECT_ARCHIVED", "the object is archived; restore it first"];
  if (name === "RequestTimeTooSkewed") return ["STORE_UNAVAILABLE", "this machine's clock is wrong"];
  if (timeoutNames.has(name)) return ["STORE_TIMEOUT", "the store did not answer in time"];
  const isThrottling = status === 429 || (status === 503 && !otherNamesOf503.has(name));
  if (throttledNames.has(name) || isThrottling) return ["STORE_THROTTLED", "the store asks for fewer requests"];
  if (status === 416) return ["OBJECT_CHANGED", "the object is shorter than the range asked for"];
  if (status === 403 || name === "AccessDenied") {
    if (operation === "get" || operation === "head") return ["OBJECT_DENIED", "reading this object is not allowed"];
    return ["ACCESS_DENIED", `the credentials do not allow to ${operation} here`];
  }
  if (status === 401) return ["CREDENTIALS_REFUSED", "the store wants other credentials"];
  if (status === 501 || status === 405 || unsupportedNames.has(name)) {
    const text = `the store does not support ${requestOf(operation, conditional)}`;
    return [isWrite(operation) ? "OUTPUT_UNWRITABLE" : "STORE_UNSUPPORTED", text];
  }
  if (certificateName.test(name)) {
    return ["STORE_UNAVAILABLE", "its certificate is not trusted; AWS_CA_BUNDLE can name a file with its CA"];
  }
  // A 2xx error is an answer that broke off or made no sense, like no status at all.
  if (status === undefined || status >= 500 || status < 300)
    return ["STORE_UNAVAILABLE", "the store cannot be reached or failed"];
  const text = `the store refuses ${requestOf(operation, conditional)}${saying(parts.message)}`;
  if (isWrite(operation)) return ["OUTPUT_UNWRITABLE", text];
  return [operation === "list" ? "STORE_UNSUPPORTED" : "OBJECT_DENIED", text];
}

function wrongCredentials(name: string): string {
  if (name.startsWith("ExpiredToken")) return "the credentials have expired; renew them";
  if (name === "SignatureDoesNotMatch")
    return "the secret key does not fit the access key; check AWS_SECRET_ACCESS_KEY";
  return "the store refuses the credentials, or there are none; check AWS_ACCESS_KEY_ID or AWS_PROFILE";
}

function isWrite(operation: S3Operation): boolean {
  return operation === "put" || operation === "delete";
}

/** The request as the store's own documentation calls it. */
function requestOf(operation: S3Operation, conditional: boolean): string {
  if (operation === "list") return "LIST (ListObjectsV2)";
  if (operation === "put" && conditional) return "PUT with a condition (If-None-Match, If-Match)";
  return operation.toUpperCase();
}

const maxSaidChars = 200;

/** The store's own words for a refusal that we know no better ones for. */
function saying(message: string): string {
  const said = message.trim().slice(0, maxSaidChars);
  return said === "" || notFoundNames.has(said) ? "" : `, saying ${JSON.stringify(said)}`;
}

interface LooseError {
  name?: unknown;
  code?: unknown;
  Code?: unknown;
  message?: unknown;
  Region?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number; headers?: Record<string, string> };
}

function partsOf(error: unknown): ErrorParts {
  const loose: LooseError = typeof error === "object" && error !== null ? error : {};
  // Socket errors are told apart by `code` (ECONNREFUSED, …); the SDK calls a reset connection a TimeoutError.
  const names = [loose.code, loose.name, loose.Code].filter(
    (name): name is string => typeof name === "string" && name !== "",
  );
  const name = names.find(
    (candidate) => !["Error", "AggregateError", "S3ServiceException", "Unknown", "UnknownError"].includes(candidate),
  );
  const status = loose.$metadata?.httpStatusCode ?? loose.$response?.statusCode;
  const region = loose.$response?.headers?.["x-amz-bucket-region"] ?? loose.Region;
  return {
    name: name ?? names[0] ?? "error",
    status,
    message: typeof loose.message === "string" ? loose.message : "",
    region: typeof region === "string" && /^[a-z0-9-]+$/.test(region) ? region : undefined,
  };
}
