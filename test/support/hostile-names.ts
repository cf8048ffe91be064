/** Keys as a bucket may have them, below one prefix and ending in .jpg; all of them different. */
export interface HostileName {
  name: string;
  /** Whether a folder can have a file of this name, too. */
  isFileName: boolean;
}

const asFiles = [
  "spaces  in it.jpg",
  " leading.jpg",
  "trailing .jpg",
  "plus+sign.jpg",
  "percent%20.jpg",
  "percent%2F..%2f.jpg",
  "100%.jpg",
  'double"quote.jpg',
  "single'quote.jpg",
  "back\\slash\\..\\.jpg",
  "tick`id`$HOME$(id).jpg",
  "semi;colon&and|pipe>.jpg",
  "comma,;\ttab.jpg",
  "=1+1.jpg",
  "@at.jpg",
  "-rf.jpg",
  "~tilde.jpg",
  "#hash?query=1&x.jpg",
  "*star?[x]{a,b}.jpg",
  "<script>alert(1)<.jpg",
  "&amp;&lt;.jpg",
  "..jpg",
  "...jpg",
  ".hidden.jpg",
  "..dots../..dots.jpg",
  "new\nline\nINJECTED.jpg",
  "carriage\r\nINJECTED.jpg",
  "escape\u001b[31mred\u001b[0m.jpg",
  "bell\u0007backspace\b.jpg",
  "line\u2028separator\u2029.jpg",
  "right\u202eto-left.jpg",
  "zero\u200bwidth.jpg",
  "caf\u00e9.jpg",
  "cafe\u0301.jpg",
  "Case.jpg",
  "case.jpg",
  "CASE.jpg",
  "emoji\u{1f600}.jpg",
  "\uffef-before-astral.jpg",
  "\u4e2d\u6587.jpg",
  "__proto__.jpg",
  "constructor/prototype.jpg",
  "model=x/r000-000000-0000.jpg",
];

const asKeysOnly = [
  "a/../b.jpg",
  "../up.jpg",
  "../../etc/passwd.jpg",
  "./dot.jpg",
  "c//d.jpg",
  "/e.jpg",
  "//f.jpg",
  "g/./h.jpg",
];

/** S3 keys have at most 1,024 bytes. */
const maxKeyBytes = 1_024;

/** @param prefix what the names will be put under, which counts for the longest one */
export function hostileNames(prefix: string): HostileName[] {
  const fileLength = maxKeyBytes - Buffer.byteLength(prefix) - ".jpg".length;
  // A file system allows 255 bytes between two slashes.
  const parts = `${"long-".repeat(40)}/`.repeat(6).slice(0, fileLength - 1);
  return [
    ...asFiles.map((name) => ({ name, isFileName: true })),
    { name: `${parts}x.jpg`, isFileName: true },
    {
      name: `${"\u00fc".repeat(Math.floor(fileLength / 2)).padEnd(Math.ceil(fileLength / 2), "x")}.jpg`,
      isFileName: false,
    },
    ...asKeysOnly.map((name) => ({ name, isFileName: false })),
  ];
}
