/**
 * RGB of inks, as Pillow converts them (src/libImaging/Convert.c, `cmyk2rgb`): without a colour profile, so that what is
 * printed brighter or darker is not guessed.
 *
 * @param inks of each pixel cyan, magenta, yellow and black
 */
export function rgbOfCmyk(inks: Uint8Array | Uint16Array): Uint8Array {
  const shift = inks instanceof Uint16Array ? 8 : 0;
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const white = 255 - (inks[from + 3]! >> shift);
    for (let colour = 0; colour < 3; colour++) {
      const product = (inks[from + colour]! >> shift) * white + 128;
      rgb[to + colour] = white - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}
