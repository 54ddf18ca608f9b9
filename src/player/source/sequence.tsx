// For paper: the story of one message as a sequence diagram, without motion.

import type { Attempt } from "./run";
import { clock, told } from "./words";
import { selectedMessage, useTrack } from "./store";

const LANE = 170;
const STEP = 30;

export function Sequence() {
  const { events, name, run } = useTrack();
  const first = events.find((event) => event.kind === "created");
  const id = selectedMessage.value ?? (first?.kind === "created" ? first.id : null);
  if (id === null) return null;
  const tries = events.filter(
    (event): event is Attempt => event.kind === "attempt" && event.id === id && event.host !== "",
  );
  const shown = tries.slice(0, 40);
  const names = run.hosts
    .map((host) => host.name)
    .filter((name) => shown.some((event) => event.from === name || event.host === name));
  const x = (name: string) => LANE / 2 + names.indexOf(name) * LANE;
  const height = 50 + shown.length * STEP;
  return (
    <section class="sequence print-only" aria-label="Sequence diagram">
      <h2>Message {id}, hop by hop{name && `: ${name}`}</h2>
      <svg viewBox={`0 0 ${names.length * LANE} ${height}`} role="img" aria-label={`Sequence diagram of message ${id}`}>
        {names.map((name) => (
          <g>
            <text x={x(name)} y="16">{name}</text>
            <line x1={x(name)} x2={x(name)} y1="24" y2={height} class="lane" />
          </g>
        ))}
        {shown.map((event, index) => {
          const y = 50 + index * STEP;
          return (
            <g>
              <line x1={x(event.from)} x2={x(event.host)} y1={y} y2={y} class={event.outcome === "accepted" ? "good" : "bad"} />
              <text x={(x(event.from) + x(event.host)) / 2} y={y - 5}>
                {clock(event.started)} {event.reply ?? event.outcome}
              </text>
              <title>{told(event)}</title>
            </g>
          );
        })}
      </svg>
      {tries.length > shown.length && <p>and {tries.length - shown.length} more tries</p>}
    </section>
  );
}
