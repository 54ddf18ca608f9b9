// The page that replays a run, or two side by side.

import { render } from "preact";
import { QueueChart } from "./chart";
import { pause, toggle } from "./clockwork";
import { Controls, Reading } from "./controls";
import { Details } from "./details";
import { DifferenceTable } from "./differences";
import { drawing } from "./drawing";
import { follow, remember } from "./link";
import { EventList } from "./list";
import { comeBack } from "./live";
import { LivePanel } from "./live_controls";
import { Network } from "./network";
import { Narration } from "./notes";
import { Sequence } from "./sequence";
import { Told, count, goTo, isPair, latest, moments, playing, tracks } from "./store";
import "./style.css";
import { told } from "./words";

function Live() {
  // While playing, every event would drown out everything else.
  const moment = latest.value;
  if (playing.value || !moment) return <p class="latest" role="status" />;
  const { event, track } = moment;
  const name = tracks[track]!.name;
  return (
    <p class="latest" role="status">
      {name && `${name}: `}{"id" in event ? `${event.id} ` : ""}{told(event)}
    </p>
  );
}

/** Says what of a large run finds no room in the page. */
function Capped() {
  const number = (n: number) => n.toLocaleString("en");
  const facts = tracks.reduce((sum, { run }) => sum + run.facts, 0);
  const told = new Set(moments.flatMap(({ event }) => (event.kind === "created" ? [event.id] : [])));
  if (tracks.some(({ run }) => run.capped)) {
    return (
      <p class="capped">
        Too much happened for one page. It plays {number(moments.length)} events: the whole stories of{" "}
        {number(told.size)} messages, the first ones and those that notes name. {isPair ? "The runs" : "The run"} stated {number(facts)} facts; charts and
        tables count them all.
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

function One() {
  return (
    <>
      <Network />
      <div class="stage">
        <EventList />
        <Details />
      </div>
      <LivePanel />
      <QueueChart />
      <Sequence />
    </>
  );
}

function Pair() {
  // Side by side where both drawings can be read so, else one above the other.
  const least = Math.max(...tracks.map(({ run }) => drawing(run).width)) * 0.9;
  const columns = `repeat(auto-fit, minmax(min(100%, ${Math.round(least)}px), 1fr))`;
  return (
    <>
      <div class="pair" style={{ gridTemplateColumns: columns }}>
        {tracks.map((track, place) => (
          <Told.Provider value={track}>
            <section class="side" aria-label={track.name}>
              <h2><i class={`run run-${place + 1}`}>{place + 1}</i> {track.name}</h2>
              <p class="reading"><Reading track={track} /></p>
              <Network />
            </section>
          </Told.Provider>
        ))}
      </div>
      <div class="stage">
        {tracks.map((track, place) => (
          <Told.Provider value={track}>
            <div class="side">
              <h2><i class={`run run-${place + 1}`}>{place + 1}</i> {track.name}</h2>
              <Details />
            </div>
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
      <Narration />
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
    ArrowRight: () => { pause(); goTo(count.value + 1); },
    ArrowLeft: () => { pause(); goTo(count.value - 1); },
    Home: () => { pause(); goTo(0); },
    End: () => { pause(); goTo(moments.length); },
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
