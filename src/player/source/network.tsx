// The network: hosts, links, what they hold, and the message of the latest event on its way.

import { useEffect, useRef } from "preact/hooks";
import { LinkHandle } from "./live_controls";
import type { Attempt, Host } from "./run";
import { count, latest, run, select, selectedHost, still, world } from "./store";

const COLUMN = 236;
const ROW = 92;
const WIDTH = 178;
const HEIGHT = 60;
const MARGIN = 16;

const drawn = run.hosts.filter((host) => host.at !== null);
const columns = Math.max(1, ...drawn.map((host) => host.at![0] + 1));
const rows = Math.max(1, ...drawn.map((host) => host.at![1] + 1));
const width = columns * COLUMN - (COLUMN - WIDTH) + 2 * MARGIN;
const height = rows * ROW - (ROW - HEIGHT) + 2 * MARGIN;

function centre(host: Host): [number, number] {
  const [column, row] = host.at!;
  return [MARGIN + column * COLUMN + WIDTH / 2, MARGIN + row * ROW + HEIGHT / 2];
}

function named(name: string): Host | undefined {
  return drawn.find((host) => host.name === name);
}

/** Cuts a name for the drawing: all of it is in the title. */
function short(name: string): string {
  return name.length > 27 ? `${name.slice(0, 26)}…` : name;
}

function Node({ host }: { host: Host }) {
  const [x, y] = centre(host);
  const held = world.value.held.get(host.name)?.size ?? 0;
  const stored = world.value.stored.get(host.name) ?? 0;
  const modes = world.value.failed.get(host.name);
  const state = [
    held > 0 ? `${held} waiting` : "",
    stored > 0 ? `${stored} in mailboxes` : "",
    modes ? `failed: ${modes.join(", ")}` : "",
  ].filter((part) => part !== "");
  const label = `${host.name}, ${host.roles.join(", ")}${state.length ? `: ${state.join(", ")}` : ""}`;
  const open = () => select({ host: host.name });
  return (
    <g
      class={`node${modes ? " failed" : ""}${selectedHost.value === host.name ? " selected" : ""}`}
      transform={`translate(${x - WIDTH / 2} ${y - HEIGHT / 2})`}
      role="button"
      tabindex={0}
      aria-label={label}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          event.stopPropagation();
          open();
        }
      }}
    >
      <title>{label}</title>
      <rect width={WIDTH} height={HEIGHT} rx="8" />
      <text x={WIDTH / 2} y="18" class="name">{short(host.name)}</text>
      <text x={WIDTH / 2} y="33" class="role">{host.roles.join(" · ") || "host"}</text>
      {modes && <text x={WIDTH - 11} y="52" class="mark">✕</text>}
      {held > 0 && <Pile held={held} />}
      {stored > 0 && <text x="8" y="52" class="stored">✉ {stored}</text>}
    </g>
  );
}

/** The queue: a bar that grows with the logarithm, and the number. */
function Pile({ held }: { held: number }) {
  const length = Math.min(1, Math.log10(held + 1) / 3) * (WIDTH / 2 - 55);
  return (
    <g class="pile">
      <rect x={WIDTH / 2 - 16} y="43" width={length} height="10" rx="2" />
      <text x={WIDTH / 2 - 12 + length} y="52">{held} waiting</text>
    </g>
  );
}

/** A try on its way along its link; it ends where the try did. */
function Courier({ event }: { event: Attempt }) {
  const dot = useRef<SVGGElement>(null);
  const from = named(event.from);
  const to = named(event.host);
  useEffect(() => {
    if (!dot.current || !from || !to) return;
    const [x1, y1] = centre(from);
    const [x2, y2] = centre(to);
    // Refused at the door, lost on the way, or through.
    const reached = event.outcome === "timeout" || event.outcome === "lost" ? 0.5 : 1;
    const end = event.outcome === "refused" ? 0.72 : reached;
    const place = (part: number) =>
      `translate(${x1 + (x2 - x1) * part}px, ${y1 + (y2 - y1) * part}px)`;
    dot.current.style.transform = place(end);
    if (still) return;
    const motion = dot.current.animate([{ transform: place(0) }, { transform: place(end) }], {
      duration: 450,
      easing: "ease-in-out",
    });
    return () => motion.cancel();
  }, [count.value]);
  if (!from || !to) return null;
  const good = event.outcome === "accepted";
  return (
    <g ref={dot} class={`courier ${good ? "good" : "bad"}`} aria-hidden="true">
      <circle r="11" />
      <text y="5">{good ? "✉" : event.outcome === "timeout" ? "?" : "✕"}</text>
    </g>
  );
}

export function Network() {
  const event = latest.value;
  const link = event?.kind === "attempt" ? event : null;
  return (
    <svg
      class="network"
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: `${Math.max(320, width * 1.3)}px` }}
      role="group"
      aria-label="The network"
    >
      {run.links.map(([a, b]) => {
        const [one, other] = [run.hosts[a]!, run.hosts[b]!];
        if (!one.at || !other.at) return null;
        const [x1, y1] = centre(one);
        const [x2, y2] = centre(other);
        const names = [one.name, other.name];
        const busy = link && names.includes(link.from) && names.includes(link.host);
        const cut = world.value.failed.has(`${names[0]} - ${names[1]}`);
        return (
          <g class={`link${busy ? " busy" : ""}${cut ? " cut" : ""}`}>
            <line x1={x1} y1={y1} x2={x2} y2={y2} />
            <LinkHandle between={[one.name, other.name]} x1={x1} y1={y1} x2={x2} y2={y2} />
            {cut && <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 + 5}>✕</text>}
          </g>
        );
      })}
      {drawn.map((host) => <Node key={host.name} host={host} />)}
      {link && link.host !== "" && link.from !== link.host && <Courier event={link} />}
    </svg>
  );
}
