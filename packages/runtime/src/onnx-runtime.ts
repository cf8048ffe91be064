import type { InferenceSession } from "onnxruntime-node";
import type { Device } from "./session.js";
import { disableTelemetry } from "./telemetry.js";

export type OnnxRuntime = typeof import("onnxruntime-node");

let loaded: Promise<OnnxRuntime> | undefined;

/** Native code and its threads: paid by whoever opens a session, not by whoever imports this module. */
export function loadRuntime(): Promise<OnnxRuntime> {
  disableTelemetry();
  loaded ??= import("onnxruntime-node").then((runtime) => {
    // What goes wrong is thrown, in our words; onnxruntime would print it to stderr as well.
    runtime.env.logLevel = "fatal";
    return runtime;
  });
  return loaded;
}

/** One thread a session: on a CPU the fleet's unit is a core, and two threads of one session gain less than two sessions. */
export function sessionOptions(device: Device): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
  };
}
