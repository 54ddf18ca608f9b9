// How all mail stands at a time, where the page does not tell all stories: queues as they were sampled,
// and recipients as they were counted.

import type { Run } from "./run";

export interface Standing {
  /** The instant of the counts [s]: the latest before the time that is asked for. */
  at: number;
  /** Messages waiting, by host. */
  waiting: Map<string, number>;
  /** Copies in mailboxes, by host. */
  stored: Map<string, number>;
  delivered: number;
  given_up: number;
  open: number;
}

/** Returns the place of the last entry at or before `t`; -1: there is none. */
function lastAt(entries: readonly (readonly [t: number, ...rest: unknown[]])[], t: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]![0] <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Returns what says how all mail stands at a time; none: the page tells all stories. */
export function standings(run: Run): ((t: number) => Standing) | null {
  if (!run.capped || run.totals.length === 0) return null;
  const stores = new Map<string, [number, number][]>();
  for (const [t, , , , stored] of run.totals) {
    for (const [host, copies] of stored) {
      if (!stores.has(host)) stores.set(host, []);
      stores.get(host)!.push([t, copies]);
    }
  }
  const valuesAt = (series: Iterable<readonly [string, [number, number][]]>, t: number) => {
    const values = new Map<string, number>();
    for (const [host, samples] of series) {
      const value = samples[lastAt(samples, t)]?.[1] ?? 0;
      if (value > 0) values.set(host, value);
    }
    return values;
  };
  return (t) => {
    const [at, written, delivered, given_up] = run.totals[lastAt(run.totals, t)] ?? [0, 0, 0, 0];
    return {
      at,
      waiting: valuesAt(run.queues, t),
      stored: valuesAt(stores, t),
      delivered,
      given_up,
      open: written - delivered - given_up,
    };
  };
}
