// The network: hosts, links, what they hold, and the message of the latest event on its way.

import { useEffect, useRef } from "preact/hooks";
import { type Drawing, HEIGHT, type Place, WIDTH, between, drawing, isIn, nameOf, narrow } from "./drawing";
import { LinkHandle } from "./live_controls";
import { Directory, Figure, Letter, Person } from "./figures";
import { type Attempt, type Lookup, type Retrieved, storeOf } from "./run";
import { type World, isOf, way } from "./state";
import { belongs, isPerson, named, person } from "./people";
import { travels } from "./pacing";
import { type Track, betweenEvents, flight, interlude, moments, select, selectedHost, selectedMessage, still, tracks, useTrack } from "./store";
import { shortly } from "./words";

/** Widths of letters as a part of their size, so that a name is drawn as large as it finds room. */
const BOLD = 0.68;
const PLAIN = 0.57;

/** A text as large as its room allows: all of it is in the title where it must be cut. */
function Fitted({ text, room, size, least, letter, ...rest }: { text: string; room: number; size: number; least: number; letter: number; x: number; y: number; class: string }) {
  const fits = Math.min(size, Math.max(least, room / (text.length * letter)));
  // A little more than the room, for the rounding of the size.
  const letters = Math.floor(room / (fits * letter) + 0.05);
  return <text {...rest} style={{ fontSize: `${fits.toFixed(1)}px` }}>{cut(text, letters)}</text>;
}

/** Cuts a text for the drawing: all of it is in the title. */
function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

/** Adds up what the hosts of a place have. */
function sum<T>(place: Place, map: Map<string, T>, of: (value: T) => number): number {
  const { group, host } = place;
  if (!group) return map.has(host.name) ? of(map.get(host.name)!) : 0;
  return [...map].reduce((all, [name, value]) => all + (isIn(group, name) ? of(value) : 0), 0);
}

function Node({ place, world }: { place: Place; world: World }) {
  const { host, group, x, y } = place;
  const { run } = useTrack();
  const standing = useTrack().standing.value;
  const size = (copies: Set<string>) => copies.size;
  const same = (number: number) => number;
  // Where not all stories are told, what all mail comes to is shown.
  const held = standing ? sum(place, standing.waiting, same) : sum(place, world.held, size);
  const stored = standing ? sum(place, standing.stored, same) : sum(place, world.stored, size);
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
  // Somebody has no roles to be told below the name.
  const lower = isPerson(run, host.name) ? 14 : 0;
  return (
    <g
      class={`node${failed > 0 ? " failed" : ""}${selectedHost.value === host.name ? " selected" : ""}${waits || arrived ? " holds" : ""}`}
      data-host={host.name}
      data-held={held}
      data-stored={stored}
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
      {group && <rect class="behind" x="5" y="5" width={WIDTH} height={HEIGHT} rx="10" />}
      <rect class="box" width={WIDTH} height={HEIGHT} rx={isPerson(run, host.name) ? 24 : 10}><title>{label}</title></rect>
      <g transform={`translate(11 ${12 + lower})`}><Figure host={host} run={run} /></g>
      <Fitted text={group ? name : named(host.name, run)} room={WIDTH - 57} size={19} least={12} letter={BOLD} x={47} y={27 + lower} class="name" />
      <Fitted text={group ? words[0]! : belongs(host.name, run)} room={WIDTH - 54} size={13} least={11} letter={PLAIN} x={47} y={43 + lower} class="role" />
      {!isPerson(run, host.name) && (
        <Fitted text={host.roles.join(", ")} room={WIDTH - 24} size={13} least={11} letter={PLAIN} x={12} y={63} class="role" />
      )}
      {failed > 0 && (
        <g class="chip failed-mark" transform={`translate(${WIDTH - 12} 0)`}>
          <circle r="11" /><text y="5">✕</text>
        </g>
      )}
      {held > 0 && <Chip sort="waiting" left={8} text={`${held} waiting`} part={Math.min(1, Math.log10(held + 1) / 3)} />}
      {stored > 0 && <Chip sort="stored" left={held > 0 ? 104 : 8} text={`✉ ${stored}`} part={0} />}
      {(waits || arrived) && (
        <g class="flag" transform={`translate(${WIDTH / 2} 0)`}>
          <rect x="-42" y="-10" width="84" height="19" rx="9.5" />
          <text y="4">{waits ? "◆" : "✓"} {id!.length > 9 ? `${id!.slice(0, 8)}…` : id}</text>
        </g>
      )}
    </g>
  );
}

/** What a host holds, on its lower edge; a queue has a bar that grows with the logarithm. */
function Chip({ sort, left, text, part }: { sort: string; left: number; text: string; part: number }) {
  const width = 18 + text.length * 7.4;
  return (
    <g class={`chip ${sort}`} transform={`translate(${left} ${HEIGHT - 10})`}>
      <rect width={width} height="20" rx="10" />
      {part > 0 && <rect class="bar" x="8" y="15.5" width={(width - 16) * part} height="2.5" rx="1.2" />}
      <text x={width / 2} y="14">{text}</text>
    </g>
  );
}

/** The sign of a try that was not taken. */
function sign(outcome: string): string {
  if (outcome === "timeout") return "?";
  return outcome === "tempfail" ? "…" : "✕";
}

/** Something on its way from place to place; it stays where it came to. */
function Courier({ stops, end, lasts, good, mark }: { stops: [number, number][]; end: number; lasts: number; good: boolean; mark: string }) {
  const dot = useRef<SVGGElement>(null);
  const place = (part: number) => {
    const legs = stops.length - 1;
    const leg = Math.min(Math.floor(part * legs), legs - 1);
    const [[x1, y1], [x2, y2]] = [stops[leg]!, stops[leg + 1]!];
    const rest = part * legs - leg;
    return `translate(${x1 + (x2 - x1) * rest}px, ${y1 + (y2 - y1) * rest}px)`;
  };
  useEffect(() => {
    if (!dot.current || still || lasts === 0) return;
    const legs = stops.length - 1;
    const parts = [0, ...stops.slice(1).map((_, leg) => (leg + 1) / legs).filter((part) => part < end), end];
    const motion = dot.current.animate(parts.map((part) => ({ transform: place(part), offset: part / end })), {
      duration: lasts,
      easing: "ease-in-out",
    });
    return () => motion.cancel();
  }, [stops.join(" "), end, lasts]);
  return (
    <g ref={dot} class={`courier ${good ? "good" : "bad"}`} style={{ transform: place(end) }} aria-hidden="true">
      <Letter mark={mark} />
    </g>
  );
}

/** A try on its way along its link; it ends where the try did: refused at the door, lost on the way, or through. */
function Try({ event, plan, lasts }: { event: Attempt; plan: Drawing; lasts: number }) {
  const [from, to] = [plan.placeOf(event.from), plan.placeOf(event.host)];
  if (!from || !to || from === to) return null;
  const way = plan.way(from, to);
  const stops = way.slice(1).flatMap((place, leg) => {
    const [, meets] = between(way[leg]!, place);
    return leg === 0 ? [[from.x, from.y] as [number, number], meets] : [meets];
  });
  const reached = event.outcome === "timeout" || event.outcome === "lost" ? 0.5 : 1;
  const end = event.outcome === "refused" ? 0.75 : reached;
  const good = event.outcome === "accepted";
  return <Courier stops={stops} end={end} lasts={lasts} good={good} mark={good ? "✉" : sign(event.outcome)} />;
}

/** Where the DNS stands: above the hosts. */
function dnsAt(plan: Drawing): [x: number, y: number] {
  return [plan.width / 2, -34];
}

/** The DNS as a place, and a question on its way there and back. */
function Dns({ plan, event, lasts }: { plan: Drawing; event: Lookup | null; lasts: number }) {
  const [x, y] = dnsAt(plan);
  const host = event && plan.placeOf(event.host);
  const door: [number, number] | null = host ? [host.x, host.y - HEIGHT / 2] : null;
  const found = event?.outcome === "found";
  return (
    <g class="dns">
      {door && <line class="asks" x1={door[0]} y1={door[1]} x2={x} y2={y} />}
      <g transform={`translate(${x - 48} ${y - 20})`}>
        <rect width="96" height="40" rx="10"><title>The domain name system: it knows where mail for a domain is taken</title></rect>
        <g transform="translate(8 6)"><Directory /></g>
        <text x="64" y="26">DNS</text>
      </g>
      {door && <Courier stops={[door, [x, y + 20], door]} end={1} lasts={lasts} good={found} mark={found ? "?" : "✕"} />}
    </g>
  );
}

/** Somebody who fetches: at the host where he sits, or below the store. */
function Reader({ event, plan, track, lasts }: { event: Retrieved; plan: Drawing; track: Track; lasts: number }) {
  const store = plan.placeOf(storeOf(track.run, event.to));
  if (!store) return null;
  const sits = event.host === "" ? undefined : plan.placeOf(event.host);
  const [x, y] = sits ? [sits.x, sits.y + HEIGHT / 2 + 16] : [store.x, store.y + HEIGHT / 2 + 34];
  const text = `${person(event.to)} reads`;
  const stops: [number, number][] = sits && sits !== store ? [[store.x, store.y], between(store, sits)[1]] : [[store.x, store.y + HEIGHT / 2], [x, y - 14]];
  return (
    <g class="reader">
      {!sits && (
        <g transform={`translate(${x} ${y})`}>
          <rect x="-74" y="-15" width="148" height="30" rx="15" />
          <g transform="translate(-66 -10) scale(0.72)"><Person /></g>
          <text x="12" y="5">{cut(text, 17)}</text>
        </g>
      )}
      <Courier stops={stops} end={1} lasts={lasts} good mark="✉" />
    </g>
  );
}

/** Something that stands in the drawing, by its centre. */
interface Rectangle {
  x: number;
  y: number;
  wide: number;
  high: number;
}

/** Parts of a line at which words may stand, the best first, and how far they may lie beside it. */
const PARTS = [0.5, 0.4, 0.6, 0.3, 0.7, 0.25, 0.75, 1 / 6, 5 / 6];
const BESIDE = [0, -14, 14, -28, 28];

/**
 * Finds room for words on a line, where they hide neither a host nor other words; none: the line and the
 * host's own card have to do.
 */
function freePlace(from: Place, to: Place, text: string, taken: Rectangle[]): [x: number, y: number] | null {
  const own = { wide: text.length * 7.2, high: 17 };
  const free = ([x, y]: [number, number]) =>
    taken.every((other) => Math.abs(other.x - x) * 2 >= other.wide + own.wide || Math.abs(other.y - y) * 2 >= other.high + own.high);
  const places = BESIDE.flatMap((beside) =>
    PARTS.map((part): [number, number] => [from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part + beside]),
  );
  const found = places.find(free);
  if (found) taken.push({ x: found[0], y: found[1], ...own });
  return found ?? null;
}

/** What goes wrong on a link: tries that failed since the last that was taken. */
function Troubles({ plan, world, part }: { plan: Drawing; world: World; part: "lines" | "words" }) {
  const told = new Map<string, { from: Place; to: Place; outcome: string; tries: number }>();
  for (const [link, { outcome, tries }] of world.trouble) {
    const [from, to] = link.split(" ").map((name) => plan.placeOf(name));
    if (!from || !to || from === to) continue;
    const key = `${nameOf(from)} ${nameOf(to)}`;
    told.set(key, { from, to, outcome, tries: tries + (told.get(key)?.tries ?? 0) });
  }
  const said: Rectangle[] = plan.places.map(({ x, y }) => ({ x, y, wide: WIDTH, high: HEIGHT + 10 }));
  return (
    <>
      {[...told].map(([key, { from, to, outcome, tries }]) => {
        const text = `${sign(outcome)} ${tries} ${shortly(outcome)}`;
        const way = plan.way(from, to);
        const next = way[1]!;
        const room = freePlace(from, next, text, said);
        return (
          <g key={key} class="trouble">
            {part === "lines" && way.slice(1).map((place, leg) => (
              <line key={leg} x1={way[leg]!.x} y1={way[leg]!.y} x2={place.x} y2={place.y} />
            ))}
            {part === "words" && room && (
              <text x={room[0]} y={room[1] + 4}>{text}</text>
            )}
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

/** Least size of the drawing, as a part of its own units: names can be read then. */
const LEAST_SCALE = 0.58;
/** Room below the hosts, for who reads. */
const FOOT = 14;
/** The same where somebody reads who sits at no host of the drawing. */
const FOOT_OF_READERS = 56;

/** Runs whose events tell of look-ups from hosts that are drawn. */
const asksDns = new Map<Track, boolean>();

/** Returns whether the DNS is a place of the drawing: it is asked, and no host of the drawing stands for it. */
function hasDns(track: Track): boolean {
  const known = asksDns.get(track);
  if (known !== undefined) return known;
  const drawn = track.run.hosts.some((host) => host.at !== null && host.roles.includes("dns"));
  const asked = moments.some((moment) => tracks[moment.track] === track && moment.event.kind === "lookup" && travels(moment));
  asksDns.set(track, asked && !drawn);
  return asked && !drawn;
}

const hasGuests = new Map<Track, boolean>();

/** Returns whether room is kept for readers that no host of the drawing stands for. */
function hasReaders(track: Track): boolean {
  const known = hasGuests.get(track) ?? track.events.some((event) => event.kind === "retrieved" && event.host === "");
  hasGuests.set(track, known);
  return known;
}

export function Network() {
  const track = useTrack();
  const plan = drawing(track.run);
  const world = track.world.value;
  // What is on its way comes before its effect; afterwards it stays where it came to.
  const coming = flight.value;
  const moment = coming === null ? undefined : moments[coming.index];
  const flies = moment !== undefined && tracks[moment.track] === track;
  const event = flies ? moment.event : betweenEvents.value ? null : track.latest.value;
  const lasts = flies ? coming!.lasts : 0;
  const link = event?.kind === "attempt" ? event : null;
  const ends = link ? [plan.placeOf(link.from), plan.placeOf(link.host)] : [];
  const used = ends[0] && ends[1] ? plan.way(ends[0], ends[1]) : [];
  const foot = hasReaders(track) ? FOOT_OF_READERS : FOOT;
  const looksUp = hasDns(track);
  const head = looksUp ? 62 : plan.parts.length > 0 ? 24 : 0;
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
      <div class="network-frame" ref={frame}>
        {interlude.value !== "" && <p class="interlude" role="status">{interlude.value} …</p>}
        <svg
          class="network"
          viewBox={`0 ${-head} ${plan.width} ${plan.height + head + foot}`}
          data-flight={flies ? coming!.index : undefined}
          style={narrow.value ? undefined : { minWidth: `${Math.round(plan.width * LEAST_SCALE)}px` }}
          role="group"
          aria-label={track.name === "" ? "The network" : `The network: ${track.name}`}
        >
          {plan.parts.map(({ name, left, top, width, height }) => (
            <g class="part">
              <rect x={left} y={top} width={width} height={height} rx="18" />
              {!narrow.value && <text x={left + 16} y={top + 21}>{name}</text>}
            </g>
          ))}
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
          <Troubles plan={plan} world={world} part="lines" />
          {looksUp && <Dns plan={plan} event={event?.kind === "lookup" ? event : null} lasts={lasts} />}
          {plan.places.map((place) => <Node key={place.host.name} place={place} world={world} />)}
          <Troubles plan={plan} world={world} part="words" />
          {event?.kind === "retrieved" && <Reader key={`${flies ? coming!.index : "read"}`} event={event} plan={plan} track={track} lasts={lasts} />}
          {link && <Try key={`${flies ? coming!.index : "there"}`} event={link} plan={plan} lasts={lasts} />}
        </svg>
      </div>
      <Failing world={world} />
      {plan.leftOut > 0 && (
        <p class="hint">{plan.leftOut.toLocaleString("en")} more hosts are not drawn; the tables have them all.</p>
      )}
    </>
  );
}
