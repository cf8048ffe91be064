/** The program of a decoder process: it calls serveDecodes. */
export const decoderEntry = new URL("./decoder-process.js", import.meta.url);
