import { expect, test } from "vitest";
import { saysOutOfMemory } from "./out-of-memory.js";

test.each([
  "Non-zero status code returned while running Conv node. Status Message: /onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t) Failed to allocate memory for requested buffer of size 1234",
  "CUDA failure 2: out of memory ; GPU=0 ; hostname=h",
  "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED",
  "std::bad_alloc",
])("%s", (message) => {
  expect(saysOutOfMemory(new Error(message))).toBe(true);
});

test("other failures are not", () => {
  expect(saysOutOfMemory(new Error("Got invalid dimensions for input: images"))).toBe(false);
});
