// Where things stand in the drawing of a run's network: hosts, and groups drawn as one.

import type { Group, Host, Run } from "./run";

export const WIDTH = 196;
export const HEIGHT = 86;
const COLUMN = 272;
/** Distance of rows: few of them stand further apart, so that the drawing fills its place. */
const ROW = 128;
const ROW_OF_FEW = 172;
const FEW = 4;
const MARGIN = 14;

/** A host in the drawing, or many that differ in a number alone. */
export interface Place {
  host: Host;
  group: Group | null;
  x: number;
  y: number;
}

export interface Drawing {
  places: Place[];
  /** Pairs of places between which mail can go. */
  links: [Place, Place][];
  width: number;
  height: number;
  /** Hosts that are neither drawn nor in a group. */
  leftOut: number;
  /** Returns where a host is drawn. */
  placeOf(name: string): Place | undefined;
  /** Returns by which places one gets from one to another: by way of those that forward, or straight. */
  way(from: Place, to: Place): Place[];
}

/** Finds the shortest way from one place to another along links, by way of hosts that forward. */
function wayAlong(links: [Place, Place][], from: Place, to: Place): Place[] {
  const came = new Map<Place, Place>([[from, from]]);
  const open = [from];
  for (let at = open.shift(); at && at !== to; at = open.shift()) {
    if (at !== from && !at.host.roles.includes("proxy")) continue;
    for (const [one, other] of links) {
      const next = one === at ? other : other === at ? one : null;
      if (!next || came.has(next)) continue;
      came.set(next, at);
      open.push(next);
    }
  }
  if (!came.has(to)) return [from, to];
  const way = [to];
  while (way[0] !== from) way.unshift(came.get(way[0]!)!);
  return way;
}

function drawingOf(run: Run): Drawing {
  const groups = new Map(run.groups.map((group) => [group.first, group]));
  const by = new Map<number, Place>();
  const lowest = Math.max(0, ...run.hosts.map(({ at }) => at?.[1] ?? 0));
  const apart = lowest < FEW ? ROW_OF_FEW : ROW;
  run.hosts.forEach((host, position) => {
    if (!host.at) return;
    const [column, row] = host.at;
    const x = MARGIN + column * COLUMN + WIDTH / 2;
    const y = MARGIN + row * apart + HEIGHT / 2;
    by.set(position, { host, group: groups.get(position) ?? null, x, y });
  });
  const places = [...by.values()];
  const known = new Map<string, Place | undefined>(places.map((place) => [place.host.name, place]));
  const inGroup = (name: string) => places.find(({ group }) => group !== null && isIn(group, name));
  const grouped = run.groups.reduce((sum, { count }) => sum + count, 0);
  const links = run.links.flatMap(([a, b]) => {
    const [one, other] = [by.get(a), by.get(b)];
    return one && other ? [[one, other] as [Place, Place]] : [];
  });
  return {
    places,
    links,
    way: (from, to) => wayAlong(links, from, to),
    width: Math.max(WIDTH, ...places.map(({ x }) => x + WIDTH / 2)) + MARGIN,
    height: Math.max(HEIGHT, ...places.map(({ y }) => y + HEIGHT / 2)) + MARGIN,
    leftOut: run.hostCount - grouped - (places.length - run.groups.length),
    placeOf(name) {
      if (!known.has(name)) known.set(name, inGroup(name));
      return known.get(name);
    },
  };
}

const drawings = new Map<Run, Drawing>();

/** Returns the drawing of a run; it is worked out once. */
export function drawing(run: Run): Drawing {
  const made = drawings.get(run) ?? drawingOf(run);
  drawings.set(run, made);
  return made;
}

/** Returns whether a host is one of a group. */
export function isIn({ prefix, number, count, suffix }: Group, name: string): boolean {
  if (!name.startsWith(prefix) || !name.endsWith(suffix)) return false;
  const digits = name.slice(prefix.length, name.length - suffix.length);
  const at = Number(digits) - number;
  return /^[0-9]+$/.test(digits) && at >= 0 && at < count;
}

/** Returns where the line from one place to another leaves the first, and where it meets the second. */
export function between(from: Place, to: Place): [[number, number], [number, number]] {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const part = Math.min(WIDTH / 2 / Math.abs(dx || 1e-9), HEIGHT / 2 / Math.abs(dy || 1e-9), 0.5);
  return [
    [from.x + dx * part, from.y + dy * part],
    [to.x - dx * part, to.y - dy * part],
  ];
}

/** Returns what a place is called. */
export function nameOf({ host, group }: Place): string {
  return group ? `${group.prefix}${group.number}…${group.number + group.count - 1}${group.suffix}` : host.name;
}
