// What hosts are called on the page: people by their names, servers by the first part of theirs.

import type { Run } from "./run";

/** So many people are named at one place. */
const NAMED = 2;

/** People by the mail program that they write with. */
const known = new Map<Run, Map<string, string[]>>();

function peopleOf(run: Run): Map<string, string[]> {
  const made = known.get(run);
  if (made) return made;
  const people = new Map<string, string[]>();
  for (const event of run.events) {
    if (event.kind !== "created" || event.what !== "mail") continue;
    const all = people.get(event.host) ?? [];
    if (all.length <= NAMED && !all.includes(event.sender)) all.push(event.sender);
    people.set(event.host, all);
  }
  known.set(run, people);
  return people;
}

/** Writes the name of a mailbox as a person's. */
export function person(address: string): string {
  const local = address.slice(0, address.lastIndexOf("@"));
  return local === "" ? address : local[0]!.toUpperCase() + local.slice(1);
}

/** Returns whether a host is somebody's mail program and nothing else. */
export function isPerson(run: Run, name: string): boolean {
  const host = run.hosts.find((each) => each.name === name);
  return host !== undefined && host.roles.length === 1 && host.roles[0] === "mua";
}

/** Returns what a host is called. */
export function named(name: string, run: Run): string {
  if (name.includes("@")) return person(name);
  if (isPerson(run, name)) {
    const all = peopleOf(run).get(name) ?? [];
    if (all.length > 0 && all.length <= NAMED) return all.map(person).join(" and ");
    // A mail program that the scenario does not name is called after its server.
    const domain = /^mua\.[^.]+\.(.+)$/.exec(name)?.[1];
    if (domain !== undefined) return all.length > NAMED ? `People at ${domain}` : `A reader at ${domain}`;
  }
  const [first, second] = name.split(".");
  // A bare number says nothing by itself.
  return first !== undefined && second !== undefined && /^\d+$/.test(first) ? `${first}.${second}` : (first ?? name);
}

/** Returns the rest of a host's name: where it belongs. */
export function belongs(name: string, run: Run): string {
  if (name.includes("@")) return "reader";
  const short = named(name, run);
  if (isPerson(run, name)) return "mail program";
  return name.startsWith(`${short}.`) ? name.slice(short.length + 1) : "";
}
