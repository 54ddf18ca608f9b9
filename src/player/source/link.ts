// Deep links: the fragment says which moment is shown and which message is open.

import { effect } from "@preact/signals";
import { embedded } from "./embed";
import { goTo, goToTime, now, playing, select, selectedHost, selectedMessage } from "./store";

/** Reads `#t=930&message=4-1`. */
export function follow(hash: string): void {
  const wanted = new URLSearchParams(hash.slice(1));
  const t = wanted.get("t");
  const message = wanted.get("message") ?? wanted.get("msg");
  const host = wanted.get("host");
  if (t !== null && Number.isFinite(Number(t))) goToTime(Number(t));
  else goTo(0);
  if (message !== null) select({ message });
  else if (host !== null) select({ host });
}

/** The fragment follows so long after the last step [ms]: browsers limit how often it may change. */
const LATER = 250;
let timer = 0;

/** What is shown, as a fragment says it. */
function shown(): URLSearchParams {
  const parts = new URLSearchParams({ t: String(Math.ceil(now.value * 1000) / 1000) });
  if (selectedMessage.value !== null) parts.set("message", selectedMessage.value);
  if (selectedHost.value !== null) parts.set("host", selectedHost.value);
  return parts;
}

/** Lets the fragment say at once what is shown; at another time, if there is one [s]. */
export function write(at: number | null): void {
  window.clearTimeout(timer);
  const parts = shown();
  if (at !== null) parts.set("t", String(at));
  history.replaceState(null, "", `#${parts}`);
}

export function remember(): void {
  if (embedded) return;
  effect(() => {
    if (playing.value) return;
    const parts = shown();
    window.clearTimeout(timer);
    timer = window.setTimeout(() => history.replaceState(null, "", `#${parts}`), LATER);
  });
}
