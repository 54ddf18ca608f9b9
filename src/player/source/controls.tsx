// Step, play, pace and the scrubber with its bands of outages.

import { jump, pause, step, toggle } from "./clockwork";
import { clock } from "./words";
import {
  count,
  duration,
  goToTime,
  isPair,
  moments,
  now,
  pace,
  playing,
  tracks,
  type Track,
  waits,
} from "./store";

/** How fast it goes, in words. */
function faster(): string {
  return pace.value >= 0 ? `${2 ** pace.value} ×` : `1/${2 ** -pace.value} ×`;
}

/** What the button that goes on says. */
function goesOn(ended: boolean): string {
  if (playing.value) return "❚❚ Pause";
  if (ended) return "▶ Again";
  return waits.value ? "▶ Go on" : "▶ Play";
}

/** When what has failed, and where the remarks stand; of two runs one above the other. */
function Bands() {
  const part = (t: number) => (Math.min(t, duration) / duration) * 100;
  const each = 10 / tracks.length;
  return (
    <svg class="bands" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {tracks.map(({ run }, place) => (
        <>
          {run.outages.map((outage) => (
            <rect
              x={part(outage.from)}
              width={Math.max(0.2, part(outage.to) - part(outage.from))}
              y={place * each}
              height={each - (isPair ? 0.6 : 0)}
            />
          ))}
          {run.notes.map((note) => (
            <line class="note" x1={part(note.t)} x2={part(note.t)} y1="0" y2="10" />
          ))}
        </>
      ))}
      <line class="now" x1={part(now.value)} x2={part(now.value)} y1="0" y2="10" />
    </svg>
  );
}

function number(count: number): string {
  return count.toLocaleString("en");
}

/** How many have come where, of each run. */
export function Reading({ track }: { track: Track }) {
  const standing = track.standing.value;
  const { delivered, given_up } = standing ?? track.world.value;
  // While a reply is on its way two hosts hold the same copy.
  const open = standing?.open ?? new Set([...track.world.value.held.values()].flatMap((copies) => [...copies])).size;
  return (
    <span class="counts" data-delivered={delivered} data-given-up={given_up} data-open={open}>
      {number(delivered)} delivered, {number(given_up)} given up, {number(open)} under way
    </span>
  );
}

export function Controls() {
  const ended = count.value >= moments.length;
  const reading = `event ${count.value} of ${moments.length}, t = ${clock(now.value)}`;
  return (
    <section class="controls" aria-label="Player">
      <div class="buttons">
        <button type="button" aria-label="Start" onClick={() => jump(0)} disabled={count.value === 0}>
          |◀<span class="word"> Start</span>
        </button>
        <button type="button" aria-label="Back" onClick={() => jump(count.value - 1)} disabled={count.value === 0}>
          ◀<span class="word"> Back</span>
        </button>
        <button type="button" class={`play${waits.value && !playing.value ? " waits" : ""}`} onClick={toggle}>{goesOn(ended)}</button>
        <button type="button" aria-label="Step" onClick={step} disabled={ended}><span class="word">Step </span>▶</button>
        <button type="button" aria-label="End" onClick={() => jump(moments.length)} disabled={ended}>
          <span class="word">End </span>▶|
        </button>
        <label class="pace">
          Pace
          <input
            type="range"
            min="-1"
            max="4"
            step="1"
            value={pace.value}
            aria-valuetext={faster()}
            onInput={(event) => (pace.value = Number(event.currentTarget.value))}
          />
          <output>{faster()}</output>
        </label>
        <p class="reading">
          <strong>{clock(now.value)}</strong> · event {count.value} of {moments.length}
          {!isPair && <>{" "}· <Reading track={tracks[0]!} /></>}
        </p>
      </div>
      <div class="scrubber">
        <Bands />
        <input
          type="range"
          min="0"
          max={duration}
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
    </section>
  );
}
