/** Shorter values stand in ordinary words, too; replacing them would only tell where. */
const minSecretLength = 6;

const replacement = "[secret]";

/**
 * Replaces the secrets of an environment wherever they stand in a text: the last line of defence, behind never writing them.
 * What libraries put into their errors is not ours to foresee.
 */
export function redactor(env: Record<string, string | undefined>): (text: string) => string {
  const values = [
    env.AWS_SECRET_ACCESS_KEY,
    env.AWS_SESSION_TOKEN,
    env.LABELFLEET_DASHBOARD_TOKEN,
    env.HF_TOKEN,
    ...passwordsOf(env.REDIS_URL),
    ...passwordsOf(env.AWS_ENDPOINT_URL_S3),
    ...passwordsOf(env.AWS_ENDPOINT_URL),
  ];
  // As JSON writes them, for log lines.
  const forms = values.flatMap((value) => (value === undefined ? [] : [value, JSON.stringify(value).slice(1, -1)]));
  const secrets = [...new Set(forms)].filter((value) => value.length >= minSecretLength);
  // The longest first, so that none is replaced in part.
  secrets.sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, replacement), text);
}

/** The password of an address, as it is written there and decoded; also of one that is no valid address. */
function passwordsOf(address: string | undefined): string[] {
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]*)@/i.exec(address ?? "")?.[1];
  if (written === undefined) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}
