// Step, play, pace and the scrubber with its bands of outages.

import { pause, toggle } from "./clockwork";
import { clock, span } from "./words";
import {
  count,
  events,
  goTo,
  goToTime,
  now,
  pace,
  playing,
  run,
  skipsIdle,
  world,
} from "./store";

const step = (by: number) => () => {
  pause();
  goTo(count.value + by);
};

function Bands() {
  const part = (t: number) => (Math.min(t, run.duration) / run.duration) * 100;
  return (
    <svg class="bands" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {run.outages.map((outage) => (
        <rect
          x={part(outage.from)}
          width={Math.max(0.2, part(outage.to) - part(outage.from))}
          y="0"
          height="10"
        />
      ))}
      {run.notes.map((note) => (
        <line class="note" x1={part(note.t)} x2={part(note.t)} y1="0" y2="10" />
      ))}
      <line class="now" x1={part(now.value)} x2={part(now.value)} y1="0" y2="10" />
    </svg>
  );
}

export function Controls() {
  const ended = count.value >= events.length;
  const reading = `event ${count.value} of ${events.length}, t = ${clock(now.value)}`;
  return (
    <section class="controls" aria-label="Player">
      <div class="buttons">
        <button type="button" onClick={() => { pause(); goTo(0); }} disabled={count.value === 0}>
          |◀ Start
        </button>
        <button type="button" onClick={step(-1)} disabled={count.value === 0}>◀ Back</button>
        <button type="button" class="play" onClick={toggle}>
          {playing.value ? "❚❚ Pause" : ended ? "▶ Again" : "▶ Play"}
        </button>
        <button type="button" onClick={step(1)} disabled={ended}>Step ▶</button>
        <button type="button" onClick={() => { pause(); goTo(events.length); }} disabled={ended}>
          End ▶|
        </button>
        <label>
          Pace
          <input
            type="range"
            min="-1"
            max="4"
            step="0.5"
            value={pace.value}
            aria-valuetext={`${span(10 ** pace.value)} of the run in a second`}
            onInput={(event) => (pace.value = Number(event.currentTarget.value))}
          />
          <output>{span(10 ** pace.value)}/s</output>
        </label>
        <label>
          <input
            type="checkbox"
            checked={skipsIdle.value}
            onInput={(event) => (skipsIdle.value = event.currentTarget.checked)}
          />
          skip idle time
        </label>
      </div>
      <div class="scrubber">
        <Bands />
        <input
          type="range"
          min="0"
          max={run.duration}
          step="any"
          value={now.value}
          aria-label="Time of the run"
          aria-valuetext={reading}
          onInput={(event) => {
            pause();
            goToTime(Number(event.currentTarget.value));
          }}
        />
      </div>
      <p class="reading">
        <strong>{clock(now.value)}</strong> · event {count.value} of {events.length} ·{" "}
        {world.value.delivered} delivered, {world.value.given_up} given up
      </p>
    </section>
  );
}
