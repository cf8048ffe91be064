/** Side of a square of noise, in pixels: finer noise looks grey to a network that begins with strides. */
const squarePx = 16;

/**
 * Made-up images that differ in colour, contrast and texture, each uint8 [sidePx, sidePx, 3]: squares of noise, a gradient with
 * stripes, and nearly black.
 */
export function probeImages(sidePx: number): Uint8Array[] {
  const noise = (x: number, y: number, channel: number) => {
    const at = (Math.floor(y / squarePx) * 4_096 + Math.floor(x / squarePx) * 4 + channel) * 0x9e3779b1;
    return ((at ^ (at >>> 15)) >>> 7) & 0xff;
  };
  const gradient = (x: number, y: number, channel: number) => {
    const share = [x, y, sidePx - 1 - x][channel]! / sidePx;
    return Math.floor(share * 200) + (Math.floor(x / 8) % 2) * 55;
  };
  const dark = (x: number, y: number, channel: number) => (x * y + channel * 3) % 12;
  return [noise, gradient, dark].map((paint) => painted(sidePx, paint));
}

function painted(sidePx: number, paint: (x: number, y: number, channel: number) => number): Uint8Array {
  const image = new Uint8Array(sidePx * sidePx * 3);
  for (let at = 0; at < image.length; at++) {
    const pixel = Math.floor(at / 3);
    image[at] = paint(pixel % sidePx, Math.floor(pixel / sidePx), at % 3);
  }
  return image;
}
