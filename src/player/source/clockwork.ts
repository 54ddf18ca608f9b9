// Playing: one event after the other. What moves arrives before its effect is told, and a note waits
// for its reader.

import { flightTime, passedOver, readingTime } from "./pacing";
import { asked, count, flight, goTo, interlude, moments, pace, playing, still, waits } from "./store";

/** How long it is told that time has passed [ms]. */
const INTERLUDE = 1100;
/** Reading an answer takes this long for each letter [ms], within these bounds. */
const LETTER = 40;
const ANSWER: [least: number, most: number] = [2500, 9000];

let timer = 0;

function after(time: number, what: () => void): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(what, time / 2 ** pace.value);
}

/** Goes on with the next event. */
function next(): void {
  if (!playing.value) return;
  if (count.value >= moments.length) {
    playing.value = false;
    return;
  }
  interlude.value = passedOver(count.value);
  if (interlude.value === "") begin();
  else after(INTERLUDE, begin);
}

/** Sends the next event on its way, if it has one to go. */
function begin(): void {
  interlude.value = "";
  const index = count.value;
  const lasts = still ? 0 : flightTime(index);
  if (lasts === 0) {
    arrive();
    return;
  }
  flight.value = { index, lasts: lasts / 2 ** pace.value };
  after(lasts, arrive);
}

/** The next event has come to its end: tells its effect. */
function arrive(): void {
  const index = count.value;
  goTo(index + 1);
  if (moments[index]?.event.kind === "note") {
    waits.value = playing.value || asked.value !== null;
    playing.value = false;
  }
  if (playing.value) after(readingTime(index), next);
}

/** Shows the answer to a question; returns how long it takes to read [ms]. */
export function answer(): number {
  const event = asked.value === null ? undefined : moments[asked.value]?.event;
  asked.value = null;
  if (event?.kind !== "note" || event.note.answer === "") return 0;
  const [least, most] = ANSWER;
  return Math.max(least, Math.min(most, event.note.answer.length * LETTER));
}

export function toggle(): void {
  if (playing.value) {
    pause();
    return;
  }
  window.clearTimeout(timer);
  if (count.value >= moments.length) goTo(0);
  const reading = answer();
  waits.value = false;
  playing.value = true;
  after(reading, next);
}

/** Stops where things stand; what is on its way arrives. */
export function pause(): void {
  window.clearTimeout(timer);
  playing.value = false;
  interlude.value = "";
  if (flight.value) goTo(count.value + 1);
}

/** Goes on by one event, which is seen on its way where it has one. */
export function step(): void {
  if (flight.value) {
    pause();
    return;
  }
  pause();
  if (count.value < moments.length) begin();
}

/** Goes back to where `wanted` events have happened. */
export function jump(wanted: number): void {
  window.clearTimeout(timer);
  playing.value = false;
  goTo(wanted);
}
