// The page that replays a run, or two side by side.

import { render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { QueueChart } from "./chart";
import { jump, step, toggle } from "./clockwork";
import { Controls, Reading } from "./controls";
import { Conversation } from "./conversation";
import { Details, Domains } from "./details";
import { DifferenceTable } from "./differences";
import { drawing } from "./drawing";
import { follow, remember } from "./link";
import { EventList } from "./list";
import { comeBack } from "./live";
import { LivePanel } from "./live_controls";
import { Network } from "./network";
import { Narration } from "./notes";
import { Sequence } from "./sequence";
import { named, person } from "./people";
import { Told, betweenEvents, count, flight, isPair, latest, moments, now, playing, selectedDomain, selectedHost, selectedMessage, tracks } from "./store";
import "./style.css";
import { clock, span, told, tone } from "./words";

/** Says what is on its way. */
function underWay(index: number): string {
  const { event, track } = moments[index]!;
  const { name, run } = tracks[track]!;
  const of = name === "" ? "" : `${name}: `;
  if (event.kind === "lookup") return `${of}${named(event.host, run)} asks the DNS where mail for ${event.domain} is taken …`;
  if (event.kind === "retrieved") return `${of}${person(event.to)} fetches message ${event.id} with ${event.by.toUpperCase()} …`;
  if (event.kind !== "attempt") return of;
  return `${of}Message ${event.id}: ${named(event.from, run)} talks to ${named(event.host, run)} …`;
}

/** So many of the longest queues are named. */
const LONGEST = 3;

/** Says how things stand at a time that somebody points at. */
function atThisTime(): string {
  const told = tracks.map(({ name, run, standing, latest }) => {
    const of = name === "" ? "" : `${name}: `;
    if (!standing.value) {
      const last = latest.value;
      return last ? `${of}nothing has happened since ${clock(last.t)}` : `${of}nothing has happened yet`;
    }
    const { at, waiting, open } = standing.value;
    const queues = [...waiting].sort((a, b) => b[1] - a[1]).slice(0, LONGEST);
    const longest = queues.map(([host, count]) => `${named(host, run)} ${count.toLocaleString("en")}`).join(", ");
    return `${of}of all mail ${open.toLocaleString("en")} under way, as counted at ${clock(at)}${longest === "" ? "" : `; longest queues: ${longest}`}`;
  });
  return `${clock(now.value)}: ${told.join("; ")}.`;
}

/** The sentence: what has just happened. */
function Live() {
  const moment = latest.value;
  // While playing, reading every event aloud would drown out everything else.
  const role = playing.value ? undefined : "status";
  // A note has a place of its own.
  if (flight.value !== null) return <p class="latest coming">{underWay(flight.value.index)}</p>;
  if (betweenEvents.value) return <p class="latest pointed" role={role}>{atThisTime()}</p>;
  if (!moment || moment.event.kind === "note") return <p class="latest" role={role} />;
  const { event, track } = moment;
  const name = tracks[track]!.name;
  const { name: sort, sign } = tone(event);
  return (
    <p class={`latest ${sort}`} role={role}>
      <span class="sign" aria-hidden="true">{sign}</span>{" "}
      {name && `${name}: `}{"id" in event ? `Message ${event.id} ` : ""}{told(event)}
    </p>
  );
}

/** What was clicked, or else what is said. */
function Telling() {
  const chosen = selectedMessage.value ?? selectedHost.value ?? selectedDomain.value;
  return chosen === null ? <Conversation /> : <Details />;
}

/** Says what of a large run finds no room in the page. */
function Capped() {
  const number = (n: number) => n.toLocaleString("en");
  const facts = tracks.reduce((sum, { run }) => sum + run.facts, 0);
  const every = Math.max(...tracks.map(({ run }) => run.queuesEvery));
  const told = new Set(moments.flatMap(({ event }) => (event.kind === "created" ? [event.id] : [])));
  if (tracks.some(({ run }) => run.capped)) {
    return (
      <p class="capped">
        Too much happened for one page. It plays {number(moments.length)} events: the whole stories of{" "}
        {number(told.size)} messages, chosen over the whole run, more of them from its outages, and those that notes name. {isPair ? "The runs" : "The run"} stated {number(facts)} facts. Queues, mailboxes and
        counts are those of all mail at any time that you point at{every > 0 && ` (queues every ${span(every)})`}.
      </p>
    );
  }
  if (!tracks.some(({ run }) => run.talkCapped)) return null;
  return (
    <p class="capped">
      What was said in sessions is told of the first messages only; there was no room for more.
    </p>
  );
}

/** Least height of the scene [px], and what is left free below it. */
const LEAST_HEIGHT = 330;
const BELOW = 10;

/** Gives the scene what is left of the screen below the controls, so that all of it is seen at once. */
function useRestOfScreen(scene: { current: HTMLDivElement | null }): void {
  useLayoutEffect(() => {
    const fit = () => {
      const box = scene.current;
      if (!box) return;
      // Where one column stands below the other, the page is scrolled anyway.
      const alone = matchMedia("(max-width: 52rem), print").matches;
      const top = box.getBoundingClientRect().top + scrollY;
      box.style.height = alone ? "" : `${Math.max(LEAST_HEIGHT, innerHeight - top - BELOW)}px`;
    };
    fit();
    // Looked at when what stands above changes its height, not at every step: that costs a layout.
    const above = new ResizeObserver(fit);
    for (let one = scene.current?.previousElementSibling; one; one = one.previousElementSibling) above.observe(one);
    const lookFor = document.querySelector(".look-for");
    if (lookFor) above.observe(lookFor);
    addEventListener("resize", fit);
    return () => {
      above.disconnect();
      removeEventListener("resize", fit);
    };
  }, []);
}

function One() {
  const scene = useRef<HTMLDivElement>(null);
  useRestOfScreen(scene);
  return (
    <>
      <div class="scene" ref={scene}>
        <div class="picture"><Network /></div>
        <div class="telling">
          <Narration />
          <Telling />
        </div>
      </div>
      <Domains />
      <EventList />
      <LivePanel />
      <QueueChart />
      <Sequence />
    </>
  );
}

function Pair() {
  // Side by side where both drawings can be read so, else one above the other.
  const least = Math.max(...tracks.map(({ run }) => drawing(run).width)) * 0.58;
  const columns = `repeat(auto-fit, minmax(min(100%, ${Math.round(least)}px), 1fr))`;
  return (
    <>
      <Narration />
      <div class="pair" style={{ gridTemplateColumns: columns }}>
        {tracks.map((track, place) => (
          <Told.Provider value={track}>
            <section class="side" aria-label={track.name}>
              <h2><i class={`run run-${place + 1}`}>{place + 1}</i> {track.name}</h2>
              <p class="reading"><Reading track={track} /></p>
              <Network />
              <Telling />
            </section>
          </Told.Provider>
        ))}
      </div>
      <QueueChart />
      <DifferenceTable />
      <EventList />
      {tracks.map((track) => <Told.Provider value={track}><Sequence /></Told.Provider>)}
    </>
  );
}

function Page() {
  return (
    <div class="player">
      <Capped />
      <Controls />
      <Live />
      {isPair ? <Pair /> : <One />}
    </div>
  );
}

function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, textarea, select, summary, a")) return;
  const onButton = target.closest("button, [role=button]") !== null;
  const act: Record<string, () => void> = {
    ArrowRight: step,
    ArrowLeft: () => jump(count.value - 1),
    Home: () => jump(0),
    End: () => jump(moments.length),
  };
  if (!onButton) act[" "] = toggle;
  const action = act[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

follow(location.hash);
render(<Page />, document.getElementById("player")!);
remember();
comeBack();
addEventListener("keydown", keys);
addEventListener("hashchange", (event) => follow(new URL(event.newURL).hash));
