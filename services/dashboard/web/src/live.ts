import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { IndexState } from "../../src/api/labels.js";
import { getJson } from "./api";

/** Whether what is shown is as of now. */
export const isLive = signal(true);

/** After a stream that the server refused, until it is asked for again. */
const reopenMs = 3_000;
/** How long the request that asks why may take. */
const answerMs = 10_000;

/**
 * Follows a stream of events: the newest value, or why there is none. A page that nobody sees holds no stream: a browser
 * has six connections to a server, for all of its tabs.
 *
 * @param address where the same value is, for once: there the reason of a refusal stands
 */
export function useLive<T>(address: string, events = `${address}/events`): { value: T | null; error: string | null } {
  const [state, setState] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  useEffect(() => {
    setState({ value: null, error: null });
    let source: EventSource | null = null;
    let again: ReturnType<typeof setTimeout> | undefined;
    const close = () => {
      clearTimeout(again);
      source?.close();
      source = null;
    };
    const open = () => {
      const opened = new EventSource(events);
      source = opened;
      opened.onmessage = ({ data }) => {
        isLive.value = true;
        setState({ value: JSON.parse(data) as T, error: null });
      };
      opened.onerror = () => {
        isLive.value = false;
        // The browser tries again by itself, unless the server refused; it does not say why, an ordinary request does.
        if (opened.readyState !== EventSource.CLOSED) return;
        getJson<T>(address, AbortSignal.timeout(answerMs))
          .then(
            (value) => source === opened && setState({ value, error: null }),
            (error: Error) => source === opened && setState({ value: null, error: error.message }),
          )
          .finally(() => {
            if (source === opened) again = setTimeout(open, reopenMs);
          });
      };
    };
    const follow = () => {
      close();
      if (!document.hidden) open();
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      close();
      isLive.value = true;
    };
  }, [address, events]);
  return state;
}

export interface Loaded<T> {
  value: T | null;
  error: string | null;
  isLoading: boolean;
}

/** Asks for something, again whenever the address changes, and keeps the old answer until the new one is there. */
export function useLoaded<T>(address: string | null): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: null, isLoading: true });
  useEffect(() => {
    if (address === null) return;
    const gone = new AbortController();
    setState((before) => ({ ...before, isLoading: true }));
    getJson<T>(address, gone.signal).then(
      (value) => {
        if (!gone.signal.aborted) setState({ value, error: null, isLoading: false });
      },
      (error: Error) => {
        if (!gone.signal.aborted) setState((before) => ({ ...before, error: error.message, isLoading: false }));
      },
    );
    return () => gone.abort();
  }, [address]);
  return state;
}

/** While an index is being made, what is shown of it is asked for again from time to time. */
const growingMs = 2_500;
/** Of a large one seldom: each answer brings other images, and those before have to be seen too. */
const largeRecords = 20_000;
const largeGrowingMs = 10_000;

/** The same for what comes out of an index of labels: asked for again while that is being made, unless somebody holds it. */
export function useIndexed<T extends { index: IndexState }>(address: string | null, isHeld = false): Loaded<T> {
  const [round, setRound] = useState(0);
  const separator = address?.includes("?") ? "&" : "?";
  const loaded = useLoaded<T>(address === null || round === 0 ? address : `${address}${separator}round=${round}`);
  const isGrowing = loaded.value?.index.isBuilding ?? false;
  const everyMs = (loaded.value?.index.records ?? 0) > largeRecords ? largeGrowingMs : growingMs;
  useEffect(() => {
    if (!isGrowing || loaded.isLoading || isHeld) return;
    const timer = setTimeout(() => setRound((n) => n + 1), everyMs);
    return () => clearTimeout(timer);
  }, [isGrowing, loaded.isLoading, isHeld, everyMs]);
  return loaded;
}
