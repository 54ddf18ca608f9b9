// The one place where the page's state is kept: which event is the latest, what is selected.

import { computed, signal } from "@preact/signals";
import { type Happening, type Run, happenings } from "./run";
import { worlds } from "./state";

export const run = JSON.parse(document.getElementById("run")!.textContent!) as Run;
export const events: Happening[] = happenings(run);
const worldAfter = worlds(events);

/** Events that have happened. */
export const count = signal(0);
export const playing = signal(false);
/** Virtual seconds in a real one, as a power of ten. */
export const pace = signal(1);
export const skipsIdle = signal(true);
export const selectedMessage = signal<string | null>(null);
export const selectedHost = signal<string | null>(null);
export const selectedDomain = signal<string | null>(null);
export const filter = signal("");
/** The question of a note that waits for an answer. */
export const asked = signal<number | null>(null);

export const latest = computed(() => events[count.value - 1] ?? null);
export const now = computed(() => latest.value?.t ?? 0);
export const world = computed(() => worldAfter(count.value));

/** Goes to where `wanted` events have happened. */
export function goTo(wanted: number): void {
  const target = Math.max(0, Math.min(events.length, wanted));
  const forward = target === count.value + 1;
  count.value = target;
  const event = events[target - 1];
  asked.value = null;
  if (forward && event?.kind === "note" && event.note.ask !== "") {
    asked.value = target - 1;
    playing.value = false;
  }
}

/** Goes to the last event at or before `t`. */
export function goToTime(t: number): void {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.t <= t) low = middle + 1;
    else high = middle;
  }
  goTo(low);
}

export function select(what: { message?: string; host?: string; domain?: string }): void {
  selectedMessage.value = what.message ?? null;
  selectedHost.value = what.host ?? null;
  selectedDomain.value = what.domain ?? null;
}

/** Whether motion is unwelcome. */
export const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
