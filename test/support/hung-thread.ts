/** A thread that never answers anything, as one that hangs in native code. */
for (;;);
