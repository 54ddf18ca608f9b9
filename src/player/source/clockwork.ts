// Playing: one event after the other, at the chosen pace, without waiting through idle hours.

import { count, goTo, moments, pace, playing, skipsIdle } from "./store";

/** No event is shown for less, so that eyes can follow [ms]. */
const LEAST = 60;
/** Idle time is cut to this [ms]. */
const IDLE = 900;

let timer = 0;

function wait(): number {
  const next = moments[count.value]?.event;
  const last = moments[count.value - 1]?.event;
  if (!next) return 0;
  const virtual = next.t - (last?.t ?? 0);
  const real = (virtual / 10 ** pace.value) * 1000;
  return Math.max(LEAST, skipsIdle.value ? Math.min(real, IDLE) : real);
}

function tick(): void {
  if (!playing.value) return;
  goTo(count.value + 1);
  if (count.value >= moments.length) playing.value = false;
  if (playing.value) timer = window.setTimeout(tick, wait());
}

export function toggle(): void {
  window.clearTimeout(timer);
  playing.value = !playing.value;
  if (!playing.value) return;
  if (count.value >= moments.length) goTo(0);
  timer = window.setTimeout(tick, Math.min(wait(), IDLE));
}

export function pause(): void {
  window.clearTimeout(timer);
  playing.value = false;
}
