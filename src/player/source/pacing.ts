// How long each event is shown, so that eyes can follow: what is new takes its time, what repeats is
// short, and time in which nothing happens is passed over with a word.

import { drawing } from "./drawing";
import { type Attempt, type Happening, storeOf } from "./run";
import { type Moment, moments, tracks } from "./store";

/** Least time for what has not been seen before [ms]. */
const NEW = 1200;
/** What has been seen before [ms]. */
const KNOWN = 600;
/** A line of a conversation that has not been seen before [ms], and most for all of them. */
const LINE = 360;
const LONGEST = 7000;
/** Time passed over without a word [s]. */
const UNTOLD = 20;

/** Returns what makes two events alike. */
function kindOf(event: Happening): string {
  switch (event.kind) {
    case "attempt":
      return `attempt ${event.from} ${event.host} ${event.stage} ${event.outcome}`;
    case "lookup":
      return `lookup ${event.host} ${event.domain} ${event.outcome}`;
    case "fails":
    case "recovers":
      return `${event.kind} ${event.outage.target}`;
    case "retrieved":
      return `retrieved ${event.by} ${event.device}`;
    case "screened":
      return `screened ${event.host} ${event.verdict}`;
    default:
      return "host" in event ? `${event.kind} ${event.host}` : event.kind;
  }
}

/** Which events are the first of their kind in their run. */
const novel: boolean[] = (() => {
  const seen = new Set<string>();
  return moments.map(({ event, track }) => {
    const kind = `${track} ${kindOf(event)}`;
    if (seen.has(kind)) return false;
    seen.add(kind);
    return true;
  });
})();

/** Returns whether a try goes from one place of the drawing to another. */
export function travels({ event, track }: Moment): boolean {
  const plan = drawing(tracks[track]!.run);
  if (event.kind === "attempt") {
    const [from, to] = [plan.placeOf(event.from), plan.placeOf(event.host)];
    return from !== undefined && to !== undefined && from !== to;
  }
  if (event.kind === "retrieved") return plan.placeOf(storeOf(tracks[track]!.run, event.to)) !== undefined;
  if (event.kind === "lookup") return plan.placeOf(event.host) !== undefined;
  return false;
}

/** Lines of a conversation that are shown one after the other: those of one reply come together. */
function linesOf(event: Attempt): number {
  return event.dialogue.filter(([, who, text]) => who !== "S" || !/^\d{3}-/.test(text)).length;
}

/** Returns how long an event is on its way before its effect is told [ms]; 0: it has no way to go. */
export function flightTime(index: number): number {
  const moment = moments[index];
  if (!moment || !travels(moment)) return 0;
  if (!novel[index]) return KNOWN;
  const { event } = moment;
  return event.kind === "attempt" ? Math.min(LONGEST, NEW + LINE * linesOf(event)) : NEW;
}

/** Returns how long an event is left to be read before the next [ms]. */
export function readingTime(index: number): number {
  return novel[index] ? NEW : KNOWN;
}

/** Returns when an event begins [s]: a try before it ends. */
function begins(event: Happening): number {
  return event.kind === "attempt" ? Math.min(event.started, event.t) : event.t;
}

/** Writes a span of time as people say it. */
function inWords(seconds: number): string {
  const units: [string, number][] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, each]) => seconds >= each * 2) ?? units[3]!;
  const number = Math.round(seconds / size);
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** Says how much time passes before an event, if that is worth a word. */
export function passedOver(index: number): string {
  const [next, last] = [moments[index]?.event, moments[index - 1]?.event];
  if (!next) return "";
  const gap = begins(next) - (last?.t ?? 0);
  return gap >= UNTOLD ? `${inWords(gap)} later` : "";
}
