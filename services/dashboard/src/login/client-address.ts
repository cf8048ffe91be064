import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";

/** Where a proxy on the same machine or container network speaks from: loopback and private addresses. */
const near = new BlockList();
near.addSubnet("127.0.0.0", 8, "ipv4");
near.addSubnet("10.0.0.0", 8, "ipv4");
near.addSubnet("172.16.0.0", 12, "ipv4");
near.addSubnet("192.168.0.0", 16, "ipv4");
near.addAddress("::1", "ipv6");
near.addSubnet("fc00::", 7, "ipv6");

export interface Asking {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * Whom limits count a request for: the address of its connection, or the last one of X-Forwarded-For where that connection is a near
 * proxy's. Of IPv6 the network (/64), of which one machine has all addresses. Who is near can claim any address; limits of all
 * together hold for them, too.
 */
export function clientAddress({ headers, socket }: Asking): string {
  const peer = plain(socket.remoteAddress ?? "");
  const forwarded = plain(
    String(headers["x-forwarded-for"] ?? "")
      .split(",")
      .at(-1)!
      .trim(),
  );
  return networkOf(isIP(forwarded) !== 0 && isNear(peer) ? forwarded : peer);
}

/** Whether the browser speaks TLS, to a proxy before us: then its cookie may travel by TLS only. A lie harms only who tells it. */
export function isOverTls(headers: IncomingHttpHeaders): boolean {
  const proto = String(headers["x-forwarded-proto"] ?? "")
    .split(",")[0]!
    .trim();
  return proto === "https" || headers.origin?.startsWith("https://") === true;
}

function isNear(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && near.check(address, version === 4 ? "ipv4" : "ipv6");
}

/** IPv4 as IPv4, also where it comes over an IPv6 socket. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("%")[0]!.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
