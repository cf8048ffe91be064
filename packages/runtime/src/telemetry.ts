/**
 * onnxruntime's builds for Linux send usage events to Microsoft and leave a log in the temporary folder for every process,
 * unless this variable is set before the library is loaded. Call it on the main thread: a worker thread's `process.env` is a
 * copy that native code does not see. Who sets the variable decides.
 */
export function disableTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
