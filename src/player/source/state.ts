// What stands where after an event: worked out from the nearest earlier keyframe.

import type { Happening } from "./run";

/** One recipient's copy of a message. */
export type Copy = string;

export interface World {
  /** Copies by the host that answers for them. */
  held: Map<string, Set<Copy>>;
  /** Copies in mailboxes that nobody has read yet. */
  stored: Map<string, number>;
  /** What has failed, with the modes in force. */
  failed: Map<string, string[]>;
  delivered: number;
  given_up: number;
}

const KEYFRAME = 512;

export function copyOf(event: { id: string; to: string }): Copy {
  return `${event.id} ${event.to}`;
}

function empty(): World {
  return { held: new Map(), stored: new Map(), failed: new Map(), delivered: 0, given_up: 0 };
}

function copied(world: World): World {
  const held = new Map([...world.held].map(([host, copies]) => [host, new Set(copies)]));
  const failed = new Map([...world.failed].map(([target, modes]) => [target, [...modes]]));
  return { ...world, held, failed, stored: new Map(world.stored) };
}

function take(world: World, host: string, copy: Copy): void {
  const copies = world.held.get(host) ?? new Set();
  world.held.set(host, copies.add(copy));
}

function apply(world: World, event: Happening): void {
  switch (event.kind) {
    case "created":
    case "accepted":
      take(world, event.host, copyOf(event));
      break;
    case "attempt":
      if (event.outcome === "accepted" && event.stage !== "local") {
        world.held.get(event.from)?.delete(copyOf(event));
      }
      break;
    case "ended":
      world.held.get(event.host)?.delete(copyOf(event));
      if (event.outcome === "delivered") {
        world.stored.set(event.host, (world.stored.get(event.host) ?? 0) + 1);
        world.delivered += event.duplicate ? 0 : 1;
      } else {
        world.given_up += 1;
      }
      break;
    case "fails": {
      const modes = world.failed.get(event.target) ?? [];
      world.failed.set(event.target, [...modes, event.mode]);
      break;
    }
    case "recovers": {
      const modes = [...(world.failed.get(event.target) ?? [])];
      modes.splice(modes.indexOf(event.mode), 1);
      if (modes.length > 0) world.failed.set(event.target, modes);
      else world.failed.delete(event.target);
      break;
    }
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
  return (count) => {
    const frame = Math.floor(count / KEYFRAME);
    const world = copied(frames[frame]!);
    for (let index = frame * KEYFRAME; index < count; index++) apply(world, events[index]!);
    return world;
  };
}
