/**
 * How allocators say that there is no more: onnxruntime's arena ("Failed to allocate memory for requested buffer"), the C++
 * library, CUDA, cuDNN and cuBLAS.
 */
const complaints =
  /failed to allocate memory|out of memory|bad_?alloc|cudaErrorMemoryAllocation|CUDA_ERROR_OUT_OF_MEMORY|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED/i;

/** Whether what onnxruntime threw means that the device's memory is used up. */
export function saysOutOfMemory(error: unknown): boolean {
  return complaints.test(error instanceof Error ? error.message : String(error));
}
