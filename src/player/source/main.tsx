// The page that replays a run.

import { render } from "preact";
import { QueueChart } from "./chart";
import { pause, toggle } from "./clockwork";
import { Controls } from "./controls";
import { Details } from "./details";
import { follow, remember } from "./link";
import { EventList } from "./list";
import { comeBack } from "./live";
import { LivePanel } from "./live_controls";
import { Network } from "./network";
import { Narration } from "./notes";
import { Sequence } from "./sequence";
import { count, events, goTo, latest, playing, run } from "./store";
import "./style.css";
import { told } from "./words";

function Live() {
  // While playing, every event would drown out everything else.
  const event = latest.value;
  const text = playing.value || !event ? "" : `${"id" in event ? `${event.id} ` : ""}${told(event)}`;
  return <p class="latest" role="status">{text}</p>;
}

function Page() {
  return (
    <div class="player">
      {run.capped && (
        <p class="capped">
          This page tells of {events.length.toLocaleString("en")} events of a larger run: whole stories of
          the first messages. The tables have everything.
        </p>
      )}
      <Controls />
      <Live />
      <Narration />
      <div class="stage">
        <div>
          <Network />
          <EventList />
        </div>
        <Details />
      </div>
      <LivePanel />
      <QueueChart />
      <Sequence />
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
    End: () => { pause(); goTo(events.length); },
  };
  if (!onButton) act[" "] = toggle;
  const action = act[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

follow();
render(<Page />, document.getElementById("player")!);
remember();
comeBack();
addEventListener("keydown", keys);
addEventListener("hashchange", follow);
