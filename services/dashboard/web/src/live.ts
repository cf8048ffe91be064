import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { IndexState } from "../../src/api/labels.js";
import { getJson } from "./api";

/** Whether what is shown is as of now. */
export const isLive = signal(true);

/** Follows a stream of events: the newest value, or why there is none. */
export function useLive<T>(events: string): { value: T | null; error: string | null } {
  const [state, setState] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  useEffect(() => {
    setState({ value: null, error: null });
    const source = new EventSource(events);
    source.onmessage = ({ data }) => {
      isLive.value = true;
      setState({ value: JSON.parse(data) as T, error: null });
    };
    source.onerror = () => {
      isLive.value = false;
      // The browser tries again by itself, unless the server refused; it does not say why, an ordinary request does.
      if (source.readyState !== EventSource.CLOSED) return;
      getJson(events.replace(/\/events$/, "")).catch((error: Error) => setState({ value: null, error: error.message }));
    };
    return () => {
      source.close();
      isLive.value = true;
    };
  }, [events]);
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
