import type { FastifyReply, FastifyRequest } from "fastify";
import type { Polled, SharedPoller } from "./shared-poller.js";

/** Open event streams of all clients together, and of one; a browser has a few. */
const maxStreams = 100;
const maxStreamsOfClient = 20;
/** Keeps proxies from closing a stream on which nothing changes, and finds clients that are gone. */
const pulseMs = 15_000;

export interface StreamClients {
  /** Whom a stream is counted for. */
  clientOf(request: FastifyRequest): string;
  /** Whether who opened a stream may still see it: sessions end. */
  isAllowed(request: FastifyRequest): boolean;
}

interface Stream {
  readonly client: string;
  end(): void;
}

/** Server-sent events: each client gets the newest reading, and one that is slow misses those between. */
export class EventStreams {
  readonly #clients: StreamClients;
  /** Oldest first. */
  readonly #open = new Set<Stream>();

  constructor(clients: StreamClients) {
    this.#clients = clients;
  }

  /** Answers a request with a stream that lasts until the client leaves, or opens many others. */
  serve<T>(reply: FastifyReply, poller: SharedPoller<T>): void {
    if (reply.raw.destroyed) {
      // Who left before there was anything to say leaves no stream behind: no further "close" would come.
      reply.hijack();
      return;
    }
    const client = this.#clients.clientOf(reply.request);
    if (!this.#makeRoom(client)) {
      void reply.code(503).send({ error: "too many pages are open on this dashboard" });
      return;
    }
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...headersOf(reply), "content-type": "text/event-stream; charset=utf-8" });
    raw.write("retry: 2000\n\n");
    let sent = "";
    const send = ({ json }: Polled<T>) => {
      // What the client has not taken yet stays what it gets next: frames never pile up. Of the first there is only the head.
      if (json === sent || (sent !== "" && raw.writableLength > 0)) return;
      sent = json;
      raw.write(`data: ${json}\n\n`);
    };
    const unsubscribe = poller.subscribe(send);
    const pulse = setInterval(() => {
      if (this.#clients.isAllowed(reply.request)) raw.write(": \n\n");
      else raw.destroy();
    }, pulseMs);
    const stream = { client, end: () => raw.destroy() };
    this.#open.add(stream);
    raw.once("close", () => {
      this.#open.delete(stream);
      clearInterval(pulse);
      unsubscribe();
    });
  }

  /** A client beyond its share ends its own oldest stream, and where there are too many in all, the oldest of who has most. */
  #makeRoom(client: string): boolean {
    const own = this.#of(client);
    if (own.length >= maxStreamsOfClient) this.#end(own[0]!);
    if (this.#open.size < maxStreams) return true;
    const counts = new Map<string, number>();
    for (const stream of this.#open) counts.set(stream.client, (counts.get(stream.client) ?? 0) + 1);
    const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    if (count <= own.length + 1) return false;
    this.#end(this.#of(most)[0]!);
    return true;
  }

  #of(client: string): Stream[] {
    return [...this.#open].filter((stream) => stream.client === client);
  }

  #end(stream: Stream): void {
    this.#open.delete(stream);
    stream.end();
  }
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}
