import type { Prediction } from "../contract/prediction.js";

const columns = [
  "key",
  "modelId",
  "status",
  "label",
  "probability",
  "top",
  "width",
  "height",
  "sizeBytes",
  "etag",
  "errorCode",
  "errorMessage",
  "retryable",
  "workerId",
  "pass",
] as const;

export const csvHeader = `${columns.join(",")}\r\n`;

/**
 * A record as one CSV row (RFC 4180; https://www.rfc-editor.org/rfc/rfc4180). `label` and `probability` are the most probable
 * class, `top` is all of them as JSON; the embedding is left out. Text is always quoted, null is an empty cell.
 */
export function csvRow(record: Prediction): string {
  const first = record.top?.[0];
  const cells: Record<(typeof columns)[number], string> = {
    key: textCell(record.key),
    modelId: textCell(record.modelId),
    status: textCell(record.status),
    label: textCell(first?.label ?? null),
    probability: plainCell(first?.probability ?? null),
    top: textCell(record.top === null ? null : JSON.stringify(record.top)),
    width: plainCell(record.width),
    height: plainCell(record.height),
    sizeBytes: plainCell(record.sizeBytes),
    etag: textCell(record.etag),
    errorCode: textCell(record.errorCode),
    errorMessage: textCell(record.errorMessage),
    retryable: plainCell(record.retryable),
    workerId: textCell(record.workerId),
    pass: plainCell(record.pass),
  };
  return `${columns.map((column) => cells[column]).join(",")}\r\n`;
}

/**
 * What a spreadsheet takes for a formula, also in the full-width forms that East Asian settings accept
 * (https://owasp.org/www-community/attacks/CSV_Injection), and the mark itself, so that taking one mark off is always right.
 */
const needsMark = /^['=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Keys are hostile: text that a spreadsheet would run gets an apostrophe in front. unmarkedCell undoes it. */
function textCell(text: string | null): string {
  if (text === null) return "";
  return `"${(needsMark.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

/** The text that was exported, from a cell as a CSV parser gives it. */
export function unmarkedCell(cell: string): string {
  return cell.startsWith("'") ? cell.slice(1) : cell;
}

/** Numbers are never negative and never text, so nothing in them can be a formula. */
function plainCell(value: number | boolean | null): string {
  return value === null ? "" : String(value);
}
