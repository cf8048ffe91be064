/** What a client may take before it is known who it is: time for its headers and for the whole request, bytes of its body. */
export const requestLimits = {
  /** Of a request with its body; an answer, such as a stream of events, may last. */
  requestTimeout: 20_000,
  /** What is posted here are a token, or a few words of what to do to a run. */
  bodyLimit: 64 * 1024,
  http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
};

/** A browser has six, and some dozens of pages may be open. */
export const maxConnections = 4_096;
