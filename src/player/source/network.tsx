// The network: hosts, links, what they hold, and the message of the latest event on its way.

import { useEffect, useRef } from "preact/hooks";
import { type Drawing, HEIGHT, type Place, WIDTH, between, drawing, isIn, nameOf } from "./drawing";
import { LinkHandle } from "./live_controls";
import type { Attempt } from "./run";
import { type World, isOf, way } from "./state";
import { count, select, selectedHost, selectedMessage, still, useTrack } from "./store";
import { shortly } from "./words";

/** Letters of a name that find room as they are, and if they are drawn narrower. */
const WIDE = 24;
const NARROW = 29;

/** Cuts a name for the drawing: all of it is in the title. */
function short(name: string): string {
  return name.length > NARROW ? `${name.slice(0, NARROW - 1)}…` : name;
}

/** Returns how a long name is made to fit. */
function fitted(name: string): { textLength?: number; lengthAdjust?: "spacingAndGlyphs" } {
  return name.length > WIDE ? { textLength: WIDTH - 14, lengthAdjust: "spacingAndGlyphs" } : {};
}

/** Adds up what the hosts of a place have. */
function sum<T>(place: Place, map: Map<string, T>, of: (value: T) => number): number {
  const { group, host } = place;
  if (!group) return map.has(host.name) ? of(map.get(host.name)!) : 0;
  return [...map].reduce((all, [name, value]) => all + (isIn(group, name) ? of(value) : 0), 0);
}

function Node({ place, world }: { place: Place; world: World }) {
  const { host, group, x, y } = place;
  const size = (copies: Set<string>) => copies.size;
  const held = sum(place, world.held, size);
  const stored = sum(place, world.stored, size);
  const failed = sum(place, world.down, () => 1);
  const modes = group ? undefined : world.down.get(host.name);
  const id = selectedMessage.value;
  const has = (copies: Set<string>) => (id !== null && [...copies].some((copy) => isOf(copy, id)) ? 1 : 0);
  const waits = sum(place, world.held, has) > 0;
  const arrived = sum(place, world.stored, has) > 0;
  const state = [
    held > 0 ? `${held} waiting` : "",
    stored > 0 ? `${stored} in mailboxes` : "",
    modes ? `failed: ${modes.join(", ")}` : failed > 0 ? `${failed} failed` : "",
    waits ? `message ${id} waits here` : arrived ? `message ${id} has arrived` : "",
  ].filter((part) => part !== "");
  const name = nameOf(place);
  const words = group ? [`${group.count} hosts`, ...host.roles] : host.roles;
  const roles = words.join(" · ") || "host";
  const label = `${name}, ${roles.replaceAll(" · ", ", ")}${state.length ? `: ${state.join(", ")}` : ""}`;
  const open = () => select({ host: host.name });
  return (
    <g
      class={`node${failed > 0 ? " failed" : ""}${selectedHost.value === host.name ? " selected" : ""}${waits || arrived ? " holds" : ""}`}
      transform={`translate(${x - WIDTH / 2} ${y - HEIGHT / 2})`}
      role="button"
      tabindex={0}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          event.stopPropagation();
          open();
        }
      }}
    >
      {group && <rect class="behind" x="5" y="5" width={WIDTH} height={HEIGHT} rx="8" />}
      <rect class="box" width={WIDTH} height={HEIGHT} rx="8"><title>{label}</title></rect>
      <text x={WIDTH / 2} y="18" class="name" {...fitted(name)}>{short(name)}</text>
      <text x={WIDTH / 2} y="34" class="role">{roles}</text>
      {failed > 0 && <text x={WIDTH - 14} y="54" class="mark">✕</text>}
      {held > 0 && <Pile held={held} />}
      {stored > 0 && <text x="8" y="54" class="stored">✉ {stored}</text>}
      {(waits || arrived) && (
        <g class="flag" transform={`translate(${WIDTH / 2} 0)`}>
          <rect x="-42" y="-9" width="84" height="16" rx="8" />
          <text y="3">{waits ? "◆" : "✓"} {id!.length > 9 ? `${id!.slice(0, 8)}…` : id}</text>
        </g>
      )}
    </g>
  );
}

/** The queue: a bar that grows with the logarithm, and the number. */
function Pile({ held }: { held: number }) {
  const length = Math.min(1, Math.log10(held + 1) / 3) * (WIDTH / 2 - 64);
  return (
    <g class="pile">
      <rect x={WIDTH / 2 - 24} y="44" width={length} height="11" rx="2" />
      <text x={WIDTH / 2 - 20 + length} y="54">{held} waiting</text>
    </g>
  );
}

/** The sign of a try that was not taken. */
function sign(outcome: string): string {
  if (outcome === "timeout") return "?";
  return outcome === "tempfail" ? "…" : "✕";
}

/** A try on its way along its link; it ends where the try did. */
function Courier({ event, plan }: { event: Attempt; plan: Drawing }) {
  const dot = useRef<SVGGElement>(null);
  const from = plan.placeOf(event.from);
  const to = plan.placeOf(event.host);
  useEffect(() => {
    if (!dot.current || !from || !to) return;
    // Refused at the door, lost on the way, or through.
    const reached = event.outcome === "timeout" || event.outcome === "lost" ? 0.5 : 1;
    const end = event.outcome === "refused" ? 0.75 : reached;
    const way = plan.way(from, to);
    const legs = way.slice(1).map((place, leg) => between(way[leg]!, place));
    const place = (part: number) => {
      const leg = Math.min(Math.floor(part * legs.length), legs.length - 1);
      const [[x1, y1], [x2, y2]] = legs[leg]!;
      const rest = part * legs.length - leg;
      return `translate(${x1 + (x2 - x1) * rest}px, ${y1 + (y2 - y1) * rest}px)`;
    };
    dot.current.style.transform = place(end);
    if (still) return;
    const stops = [0, ...legs.map((_, leg) => (leg + 1) / legs.length).filter((part) => part < end), end];
    const motion = dot.current.animate(stops.map((part) => ({ transform: place(part), offset: part / end })), {
      duration: 450,
      easing: "ease-in-out",
    });
    return () => motion.cancel();
  }, [event, count.value]);
  if (!from || !to || from === to) return null;
  const good = event.outcome === "accepted";
  return (
    <g ref={dot} class={`courier ${good ? "good" : "bad"}`} aria-hidden="true">
      <circle r="12" />
      <text y="5">{good ? "✉" : sign(event.outcome)}</text>
    </g>
  );
}

/** What goes wrong on a link: tries that failed since the last that was taken. */
function Troubles({ plan, world }: { plan: Drawing; world: World }) {
  const told = new Map<string, { from: Place; to: Place; outcome: string; tries: number }>();
  for (const [link, { outcome, tries }] of world.trouble) {
    const [from, to] = link.split(" ").map((name) => plan.placeOf(name));
    if (!from || !to || from === to) continue;
    const key = `${nameOf(from)} ${nameOf(to)}`;
    told.set(key, { from, to, outcome, tries: tries + (told.get(key)?.tries ?? 0) });
  }
  // Several ways may begin with the same link: what is said of them stands one below the other.
  const said = new Map<Place, number>();
  return (
    <>
      {[...told].map(([key, { from, to, outcome, tries }]) => {
        const text = `${sign(outcome)} ${tries} ${shortly(outcome)}`;
        const way = plan.way(from, to);
        const next = way[1]!;
        const above = way.length === 2 ? 0 : (said.get(from) ?? 0);
        said.set(from, above + 1);
        return (
          <g key={key} class="trouble">
            {way.slice(1).map((place, leg) => (
              <line key={leg} x1={way[leg]!.x} y1={way[leg]!.y} x2={place.x} y2={place.y} />
            ))}
            <text x={(from.x + next.x) / 2} y={(from.y + next.y) / 2 - (from.x === next.x ? -4 : 14) + 14 * above}>{text}</text>
          </g>
        );
      })}
    </>
  );
}

/** What has failed now, in words: not all of it is a host or a link. */
function Failing({ world }: { world: World }) {
  if (useTrack().run.outages.length === 0) return null;
  const all = [...world.failed].map(([target, modes]) => `${target} (${modes.join(", ")})`);
  return (
    <p class="failing">
      {all.length === 0 && <span class="hint">Nothing has failed now.</span>}
      {all.length > 0 && <><strong>✕ Failed now:</strong> {all.slice(0, 6).join("; ")}</>}
      {all.length > 6 && ` and ${all.length - 6} more`}
    </p>
  );
}

export function Network() {
  const track = useTrack();
  const plan = drawing(track.run);
  const world = track.world.value;
  const event = track.latest.value;
  const link = event?.kind === "attempt" ? event : null;
  const ends = link ? [plan.placeOf(link.from), plan.placeOf(link.host)] : [];
  const used = ends[0] && ends[1] ? plan.way(ends[0], ends[1]) : [];
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where the drawing is wider than the page, the latest event is brought into view.
    const place = ends[1] ?? ends[0];
    const box = frame.current;
    if (!place || !box || box.scrollWidth <= box.clientWidth) return;
    const left = (place.x / plan.width) * box.scrollWidth - box.clientWidth / 2;
    box.scrollTo({ left, behavior: still ? "auto" : "smooth" });
  }, [event]);
  return (
    <>
      <Failing world={world} />
      <div class="network-frame" ref={frame}>
        <svg
          class="network"
          viewBox={`0 0 ${plan.width} ${plan.height}`}
          style={{
            minWidth: `${Math.round(plan.width * 0.72)}px`,
            maxWidth: `${Math.round(plan.width * 1.6)}px`,
            // A tall network leaves room for the rest, as long as it can be read.
            maxHeight: `max(30rem, ${Math.round(plan.height * 0.8)}px)`,
          }}
          role="group"
          aria-label={track.name === "" ? "The network" : `The network: ${track.name}`}
        >
          {plan.links.map(([one, other]) => {
            const [a, b] = [used.indexOf(one), used.indexOf(other)];
            const busy = a >= 0 && b >= 0 && Math.abs(a - b) === 1;
            const cut = world.cut.has(way(one.host.name, other.host.name));
            return (
              <g class={`link${busy ? " busy" : ""}${cut ? " cut" : ""}`}>
                <line x1={one.x} y1={one.y} x2={other.x} y2={other.y} />
                <LinkHandle between={[one.host.name, other.host.name]} x1={one.x} y1={one.y} x2={other.x} y2={other.y} />
                {cut && <text x={(one.x + other.x) / 2} y={(one.y + other.y) / 2 + 5}>✕</text>}
              </g>
            );
          })}
          <Troubles plan={plan} world={world} />
          {plan.places.map((place) => <Node key={place.host.name} place={place} world={world} />)}
          {link && <Courier event={link} plan={plan} />}
        </svg>
      </div>
      {plan.leftOut > 0 && (
        <p class="hint">{plan.leftOut.toLocaleString("en")} more hosts are not drawn; the tables have them all.</p>
      )}
    </>
  );
}
