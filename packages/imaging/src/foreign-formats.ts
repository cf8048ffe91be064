/** Formats that are none of ours, by bytes at an offset; the first that fits counts. */
const magics: readonly (readonly [name: string, offset: number, ...magics: string[]])[] = [
  ["HEIC", 4, "ftyphei", "ftyphev", "ftypmif1", "ftypmsf1"],
  ["Canon CR3 camera raw", 4, "ftypcrx "],
  ["a video", 4, "ftyp", "moov", "mdat"],
  ["JPEG 2000", 0, "\0\0\0\x0cjP  \r\n", "\xff\x4f\xff\x51"],
  ["JPEG XL", 0, "\0\0\0\x0cJXL \r\n", "\xff\x0a"],
  ["JPEG XR", 0, "II\xbc"],
  ["BMP", 0, "BM"],
  ["PDF", 0, "%PDF"],
  ["PNG as Xcode makes it for iOS (CgBI)", 0, "\x89PNG\r\n\x1a\n\0\0\0\x04CgBI"],
  ["PSD", 0, "8BPS"],
  ["TGA", 0, "\0\0\x02\0\0\0", "\0\0\x0a\0\0\0"],
  ["ICO", 0, "\0\0\x01\0", "\0\0\x02\0"],
  ["PNM", 0, "P1\n", "P2\n", "P3\n", "P4\n", "P5\n", "P6\n", "P7\n", "P5 ", "P6 "],
  ["OpenEXR", 0, "v/1\x01"],
  ["Radiance HDR", 0, "#?R"],
  ["FITS", 0, "SIMPLE  ="],
  ["DICOM", 128, "DICM"],
  ["QOI", 0, "qoif"],
  ["DDS", 0, "DDS "],
  ["GIMP XCF", 0, "gimp xcf"],
  ["DjVu", 0, "AT&TFORM"],
  ["MNG", 0, "\x8aMNG"],
  ["Olympus ORF camera raw", 0, "IIRO", "IIRS", "MMOR"],
  ["Panasonic RW2 camera raw", 0, "IIU\0"],
  ["Fujifilm RAF camera raw", 0, "FUJIFILMCCD-RAW"],
  ["Sigma X3F camera raw", 0, "FOVb"],
  ["a ZIP archive", 0, "PK\x03\x04"],
  ["gzip", 0, "\x1f\x8b"],
  ["a Git LFS pointer", 0, "version https://git-lfs"],
];

/** Formats that are text, whose beginning may be preceded by other things. */
const texts: readonly (readonly [name: string, text: RegExp])[] = [
  ["SVG", /^[^a-z0-9]{0,9}<(?:\?xml|!--|!DOCTYPE svg|svg)[\s\S]*<svg[\s>/]|^\s*<svg[\s>/]/i],
  ["an HTML page", /^[^a-z0-9]{0,9}<(?:!doctype html|html)/i],
  ["an XML document", /^[^a-z0-9]{0,9}<\?xml/],
];

/** What a magic number, or the beginning of a document, needs. */
const headBytes = 1_024;

/** The name of a known format that we do not decode; null for what nobody knows. */
export function nameOfForeignFormat(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes)).toString("latin1");
  const byMagic = magics.find(([, offset, ...found]) => found.some((magic) => head.startsWith(magic, offset)));
  return byMagic?.[0] ?? texts.find(([, text]) => text.test(head))?.[0] ?? null;
}
