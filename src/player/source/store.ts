// The one place where the page's state is kept: what is played, which event is the latest, what is
// selected. A page plays one run, or two on one clock.

import { type ReadonlySignal, computed, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Happening, type Run, happenings } from "./run";
import { type Standing, standings } from "./standing";
import { type World, worlds } from "./state";

/** A run as it is played. */
export interface Track {
  /** What it is called beside another; empty if it is alone. */
  name: string;
  run: Run;
  events: Happening[];
  /** So many of its events have happened. */
  count: ReadonlySignal<number>;
  latest: ReadonlySignal<Happening | null>;
  world: ReadonlySignal<World>;
  /** How all mail stands, where the page does not tell all stories. */
  standing: ReadonlySignal<Standing | null>;
}

/** An event on the clock that all runs share. */
export interface Moment {
  event: Happening;
  /** Which run it belongs to. */
  track: number;
}

const runs = [...document.querySelectorAll<HTMLScriptElement>("script.run")].map(
  (holder) => JSON.parse(holder.textContent!) as Run,
);

/** A remark that two runs share is made once. */
function remarked(event: Happening, track: number): boolean {
  if (event.kind !== "note" || track === 0) return false;
  return runs[0]!.notes.some((note) => note.t === event.t && note.text === event.note.text);
}

const happened = runs.map((run, track) =>
  happenings(run).filter((event) => !remarked(event, track)),
);

/** All that happens, in order. */
export const moments: Moment[] = happened.flatMap((events, track) =>
  events.map((event) => ({ event, track })),
);
// The sort keeps the order of equal times: the first run's events come first.
if (runs.length > 1) moments.sort((a, b) => a.event.t - b.event.t);

/** For each run: how many of its events are among the first so many of all. */
const passed = runs.map((_, track) => {
  const counts = new Uint32Array(moments.length + 1);
  moments.forEach((moment, index) => {
    counts[index + 1] = counts[index]! + (moment.track === track ? 1 : 0);
  });
  return counts;
});

/** Events that have happened. */
export const count = signal(0);

/** The time that somebody points at [s]; none: it is that of the latest event. */
const pointed = signal<number | null>(null);

export const latest = computed(() => moments[count.value - 1] ?? null);
export const now = computed(() => pointed.value ?? latest.value?.event.t ?? 0);

export const tracks: Track[] = runs.map((run, place) => {
  const events = happened[place]!;
  const worldAfter = worlds(events);
  const standingAt = standings(run);
  const own = computed(() => passed[place]![count.value]!);
  return {
    name: run.name,
    run,
    events,
    count: own,
    latest: computed(() => events[own.value - 1] ?? null),
    world: computed(() => worldAfter(own.value)),
    standing: computed(() => standingAt?.(now.value) ?? null),
  };
});

/** Whether two runs are compared. */
export const isPair = tracks.length > 1;

/** The run that a part of the page tells of. */
export const Told = createContext<Track>(tracks[0]!);
export const useTrack = (): Track => useContext(Told);

/** The first run: the only one, unless two are compared. */
export const run = tracks[0]!.run;
/** How long the clock runs. */
export const duration = Math.max(...runs.map((each) => each.duration));

export const playing = signal(false);
/** How much faster than at first the play goes, as a power of two. */
export const pace = signal(0);
export const selectedMessage = signal<string | null>(null);
export const selectedHost = signal<string | null>(null);
export const selectedDomain = signal<string | null>(null);
export const filter = signal("");
/** The question of a note that waits for an answer. */
export const asked = signal<number | null>(null);
/** Whether the play waits at a note until its reader goes on. */
export const waits = signal(false);
/** How much time the play has just passed over, in words; empty: none. */
export const interlude = signal("");

/** An event on its way: it has begun and its effect is not there yet. */
export interface Flight {
  /** Its place among all events. */
  index: number;
  /** How long it is shown [ms]. */
  lasts: number;
}
export const flight = signal<Flight | null>(null);

/** Goes to where `wanted` events have happened. */
export function goTo(wanted: number): void {
  const target = Math.max(0, Math.min(moments.length, wanted));
  const forward = target === count.value + 1;
  count.value = target;
  pointed.value = null;
  flight.value = null;
  waits.value = false;
  interlude.value = "";
  const event = moments[target - 1]?.event;
  asked.value = null;
  if (forward && event?.kind === "note" && event.note.ask !== "") {
    asked.value = target - 1;
    playing.value = false;
  }
}

/** Links spell times to the millisecond [s]. */
const SPELT = 0.002;

/** Whether the clock stands at a time that somebody points at, after the latest event. */
export const betweenEvents = computed(() => now.value - (latest.value?.event.t ?? 0) > SPELT);

/** Goes to a time of the run, after the last event at or before it. */
export function goToTime(t: number): void {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle]!.event.t <= t) low = middle + 1;
    else high = middle;
  }
  goTo(low);
  pointed.value = Math.min(Math.max(t, latest.value?.event.t ?? 0), duration);
}

export function select(what: { message?: string; host?: string; domain?: string }): void {
  selectedMessage.value = what.message ?? null;
  selectedHost.value = what.host ?? null;
  selectedDomain.value = what.domain ?? null;
}

/** Whether motion is unwelcome. */
export const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
