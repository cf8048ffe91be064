import type { IndexPage } from "./s3-index.js";

export interface ListQuery {
  prefix: string;
  maxKeys: number;
  urlEncoded: boolean;
}

export function errorXml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
}

/** The answer to ListObjectsV2; the continuation token is the last key that the page covers. */
export function listXml(bucket: string, query: ListQuery, page: IndexPage): string {
  const text = query.urlEncoded ? urlEncoded : escaped;
  const token = page.isTruncated ? Buffer.from(page.lastKey ?? "").toString("base64") : undefined;
  const contents = page.objects.map(
    (object) =>
      `<Contents><Key>${text(object.key)}</Key><LastModified>${new Date(object.lastModifiedMs).toISOString()}</LastModified>` +
      `<ETag>${escaped(object.etag)}</ETag><Size>${object.sizeBytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<Name>${bucket}</Name><Prefix>${text(query.prefix)}</Prefix><KeyCount>${page.objects.length + page.prefixes.length}</KeyCount>`,
    `<MaxKeys>${query.maxKeys}</MaxKeys><IsTruncated>${page.isTruncated}</IsTruncated>`,
    query.urlEncoded ? "<EncodingType>url</EncodingType>" : "",
    token ? `<NextContinuationToken>${token}</NextContinuationToken>` : "",
    ...contents,
    ...page.prefixes.map((prefix) => `<CommonPrefixes><Prefix>${text(prefix)}</Prefix></CommonPrefixes>`),
    "</ListBucketResult>",
  ].join("\n");
}

/** As S3 does: a space becomes "+", slashes stay. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+");
}

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}
