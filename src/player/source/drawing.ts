// Where things stand in the drawing of a run's network: hosts, and groups drawn as one.

import { computed, signal } from "@preact/signals";
import { belongs } from "./people";
import type { Group, Host, Run } from "./run";

export const WIDTH = 172;
export const HEIGHT = 84;
const COLUMN = 254;
/** Many columns stand closer together, so that names stay legible. */
const CLOSER: Record<number, number> = { 5: 232 };
const CLOSEST = 212;
/** Distances of rows: a drawing of few rows is stretched to fill its place. */
const ROW = 108;
const MOST_ROW = 280;
const MARGIN = 14;
/** Height of a drawing as a part of its width, as its place beside the conversation has it. */
const SHAPE = 0.66;
/** Where the screen is narrow so many stand beside each other, and this far apart. */
const ABREAST = 2;
const NARROW_COLUMN = 184;
const NARROW_ROW = 120;

/** A host in the drawing, or many that differ in a number alone. */
export interface Place {
  host: Host;
  group: Group | null;
  x: number;
  y: number;
}

/** A part of the network that a cut leaves together. */
export interface Part {
  name: string;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Drawing {
  places: Place[];
  /** Pairs of places between which mail can go. */
  links: [Place, Place][];
  /** Parts into which a cut splits the network: where they stand, and what they are called. */
  parts: Part[];
  width: number;
  height: number;
  /** Hosts that are neither drawn nor in a group. */
  leftOut: number;
  /** Returns where a host is drawn. */
  placeOf(name: string): Place | undefined;
  /** Returns by which places one gets from one to another: by way of those that forward, or straight. */
  way(from: Place, to: Place): Place[];
}

const narrowness = matchMedia("(max-width: 52rem)");
/** Whether the screen has room for two hosts beside each other and no more. */
export const narrow = signal(narrowness.matches);
narrowness.addEventListener("change", ({ matches }) => (narrow.value = matches));

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

/** Columns and rows of the layout as places on a wide screen. */
function wide(grid: [number, number][]): [number, number][] {
  const far = (axis: 0 | 1) => Math.max(0, ...grid.map((at) => at[axis]));
  const distance = far(0) < 4 ? COLUMN : (CLOSER[Math.ceil(far(0)) + 1] ?? CLOSEST);
  const width = far(0) * distance + WIDTH;
  const apart = far(1) === 0 ? ROW : Math.min(MOST_ROW, Math.max(ROW, (width * SHAPE - HEIGHT) / far(1)));
  return grid.map(([column, row]) => [column * distance, row * apart]);
}

/** The same where the screen is narrow: each column becomes a band, the way leads downwards. */
function tall(grid: [number, number][]): [number, number][] {
  const bands = [...new Set(grid.map(([column]) => Math.round(column * 2)))].sort((a, b) => a - b);
  const made: [number, number][] = grid.map(() => [0, 0]);
  let line = 0;
  for (const band of bands) {
    const own = grid.flatMap(([column, row], place) => (Math.round(column * 2) === band ? [{ row, place }] : []));
    own.sort((a, b) => a.row - b.row);
    own.forEach(({ place }, number) => {
      const abreast = Math.min(ABREAST, own.length - Math.floor(number / ABREAST) * ABREAST);
      const left = ((ABREAST - abreast) / 2) * NARROW_COLUMN;
      made[place] = [left + (number % ABREAST) * NARROW_COLUMN, (line + Math.floor(number / ABREAST)) * NARROW_ROW];
    });
    line += Math.ceil(own.length / ABREAST);
  }
  return made;
}

/** Free room around the hosts of a part, and on a wide screen above them, for its name. */
const ROUND = 10;
const ABOVE = 30;

function partOf(places: Place[], run: Run, isNarrow: boolean): Part {
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - WIDTH / 2 - ROUND, Math.min(...ys) - HEIGHT / 2 - (isNarrow ? ROUND : ABOVE)];
  const [right, bottom] = [Math.max(...xs) + WIDTH / 2 + ROUND, Math.max(...ys) + HEIGHT / 2 + ROUND + 6];
  // It is called after the host at the cut.
  const ends = places.filter(({ host }) => run.struck.some(({ links }) => links.some((link) => link.includes(host.name))));
  return { name: ends.map(({ host }) => belongs(host.name, run))[0] ?? "", left, top, width: right - left, height: bottom - top };
}

function drawingOf(run: Run, isNarrow: boolean): Drawing {
  const groups = new Map(run.groups.map((group) => [group.first, group]));
  const by = new Map<number, Place>();
  const drawn = run.hosts.flatMap(({ at }, position) => (at ? [{ at, position }] : []));
  const grid = drawn.map(({ at }) => at);
  const corners = isNarrow ? tall(grid) : wide(grid);
  drawn.forEach(({ position }, place) => {
    const [left, top] = corners[place]!;
    const [x, y] = [MARGIN + left + WIDTH / 2, MARGIN + top + HEIGHT / 2];
    by.set(position, { host: run.hosts[position]!, group: groups.get(position) ?? null, x, y });
  });
  const places = [...by.values()];
  const known = new Map<string, Place | undefined>(places.map((place) => [place.host.name, place]));
  const inGroup = (name: string) => places.find(({ group }) => group !== null && isIn(group, name));
  const grouped = run.groups.reduce((sum, { count }) => sum + count, 0);
  const links = run.links.flatMap(([a, b]) => {
    const [one, other] = [by.get(a), by.get(b)];
    return one && other ? [[one, other] as [Place, Place]] : [];
  });
  const parts = run.parts.map((part) => partOf(part.flatMap((position) => by.get(position) ?? []), run, isNarrow));
  const least = isNarrow ? NARROW_COLUMN * ABREAST - (NARROW_COLUMN - WIDTH) + MARGIN : WIDTH;
  return {
    places,
    links,
    parts,
    way: (from, to) => wayAlong(links, from, to),
    width: Math.max(least, ...places.map(({ x }) => x + WIDTH / 2)) + MARGIN,
    height: Math.max(HEIGHT, ...places.map(({ y }) => y + HEIGHT / 2)) + MARGIN,
    leftOut: run.hostCount - grouped - (places.length - run.groups.length),
    placeOf(name) {
      if (!known.has(name)) known.set(name, inGroup(name));
      return known.get(name);
    },
  };
}

const drawings = computed(() => ({ isNarrow: narrow.value, made: new Map<Run, Drawing>() }));

/** Returns the drawing of a run; it is worked out once for each shape of the screen. */
export function drawing(run: Run): Drawing {
  const { isNarrow, made } = drawings.value;
  const known = made.get(run) ?? drawingOf(run, isNarrow);
  made.set(run, known);
  return known;
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
