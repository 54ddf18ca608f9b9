// What stands where after an event: worked out from the nearest earlier keyframe.

import type { Attempt, Failure, Happening } from "./run";

/** One recipient's copy of a message. */
export type Copy = string;

/** What the latest tries over a link came to, while they fail. */
export interface Trouble {
  outcome: string;
  /** Tries since the last that was taken. */
  tries: number;
}

export interface World {
  /** Copies by the host that answers for them. */
  held: Map<string, Set<Copy>>;
  /** Copies that were put into mailboxes, by host. */
  stored: Map<string, Set<Copy>>;
  /** Copies that somebody has read. */
  read: Set<Copy>;
  /** What has failed, as the scenario calls it, with the modes in force. */
  failed: Map<string, string[]>;
  /** Hosts that have failed, with the modes in force. */
  down: Map<string, string[]>;
  /** Links that are cut, both ways. */
  cut: Map<string, string[]>;
  /** Links, spelt as client and server, over which the latest try failed. */
  trouble: Map<string, Trouble>;
  delivered: number;
  given_up: number;
}

const KEYFRAME = 512;

export function copyOf(event: { id: string; to: string }): Copy {
  return `${event.id} ${event.to}`;
}

/** Returns whether a copy is one of a message. */
export function isOf(copy: Copy, id: string): boolean {
  return copy.startsWith(`${id} `);
}

/** Spells a link in one direction. */
export function way(from: string, to: string): string {
  return `${from} ${to}`;
}

function empty(): World {
  return {
    held: new Map(),
    stored: new Map(),
    read: new Set(),
    failed: new Map(),
    down: new Map(),
    cut: new Map(),
    trouble: new Map(),
    delivered: 0,
    given_up: 0,
  };
}

function copied(world: World): World {
  const sets = (map: Map<string, Set<Copy>>) => new Map([...map].map(([key, set]) => [key, new Set(set)]));
  return {
    ...world,
    held: sets(world.held),
    stored: sets(world.stored),
    read: new Set(world.read),
    failed: new Map(world.failed),
    down: new Map(world.down),
    cut: new Map(world.cut),
    trouble: new Map(world.trouble),
  };
}

function put(map: Map<string, Set<Copy>>, host: string, copy: Copy): void {
  map.set(host, (map.get(host) ?? new Set()).add(copy));
}

function tried(world: World, event: Attempt): void {
  if (event.host === "" || event.host === event.from || event.outcome === "suspended") return;
  const link = way(event.from, event.host);
  if (event.outcome === "accepted") world.trouble.delete(link);
  else world.trouble.set(link, { outcome: event.outcome, tries: (world.trouble.get(link)?.tries ?? 0) + 1 });
}

/** Changes the modes of all that an outage strikes. */
function strike(world: World, { outage, struck }: Failure, change: (modes: string[]) => string[]): void {
  const set = (map: Map<string, string[]>, name: string) => {
    const modes = change(map.get(name) ?? []);
    if (modes.length > 0) map.set(name, modes);
    else map.delete(name);
  };
  set(world.failed, outage.target);
  for (const host of struck.hosts) set(world.down, host);
  for (const [one, other] of struck.links) {
    set(world.cut, way(one, other));
    set(world.cut, way(other, one));
  }
}

function apply(world: World, event: Happening): void {
  switch (event.kind) {
    case "created":
    case "accepted":
      put(world.held, event.host, copyOf(event));
      break;
    case "attempt":
      tried(world, event);
      // A second copy that a mailbox knows already goes no further and comes to no end of its own.
      if (event.outcome === "accepted") world.held.get(event.from)?.delete(copyOf(event));
      if (event.taken) put(world.held, event.host, copyOf(event));
      break;
    case "ended":
      world.held.get(event.host)?.delete(copyOf(event));
      if (event.outcome === "delivered") {
        put(world.stored, event.host, copyOf(event));
        world.delivered += event.duplicate ? 0 : 1;
      } else {
        world.given_up += 1;
      }
      break;
    case "retrieved":
      world.read.add(copyOf(event));
      break;
    case "removed":
      for (const copies of world.stored.values()) copies.delete(copyOf(event));
      break;
    case "fails":
      strike(world, event, (modes) => [...modes, event.outage.mode]);
      break;
    case "recovers":
      strike(world, event, (modes) => {
        const at = modes.indexOf(event.outage.mode);
        return modes.filter((_, place) => place !== at);
      });
      break;
    default:
  }
}

/** Returns a function that says how things stand after the first `count` events. */
export function worlds(events: Happening[]): (count: number) => World {
  const frames: World[] = [empty()];
  const running = empty();
  events.forEach((event, index) => {
    apply(running, event);
    if ((index + 1) % KEYFRAME === 0) frames.push(copied(running));
  });
  let latest = { count: 0, world: empty() };
  return (count) => {
    if (count < latest.count || count > latest.count + KEYFRAME) {
      const frame = Math.floor(count / KEYFRAME);
      latest = { count: frame * KEYFRAME, world: copied(frames[frame]!) };
    }
    const { world } = latest;
    for (let index = latest.count; index < count; index++) apply(world, events[index]!);
    // A new object, so that whoever watches sees the change.
    latest = { count, world: { ...world } };
    return latest.world;
  };
}
