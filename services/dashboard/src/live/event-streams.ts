import type { FastifyReply } from "fastify";
import type { Polled, SharedPoller } from "./shared-poller.js";

/** Open event streams of all clients together; a browser has a few. */
const maxStreams = 100;
/** Keeps proxies from closing a stream on which nothing changes, and finds clients that are gone. */
const pulseMs = 15_000;

/** Server-sent events: each client gets the newest reading, and one that is slow misses those between. */
export class EventStreams {
  #open = 0;

  /** Answers a request with a stream that lasts until the client leaves. */
  serve<T>(reply: FastifyReply, poller: SharedPoller<T>): void {
    if (reply.raw.destroyed) {
      // Who left before there was anything to say leaves no stream behind: no further "close" would come.
      reply.hijack();
      return;
    }
    if (this.#open >= maxStreams) {
      void reply.code(503).send({ error: "too many pages are open on this dashboard" });
      return;
    }
    this.#open++;
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
    const pulse = setInterval(() => raw.write(": \n\n"), pulseMs);
    raw.once("close", () => {
      this.#open--;
      clearInterval(pulse);
      unsubscribe();
    });
  }
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}
