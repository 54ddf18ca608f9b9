// A page that is served: what its server says can be changed, and how it is asked to change it.

import { signal } from "@preact/signals";
import { pause } from "./clockwork";
import { embedded, hear, tell } from "./embed";
import { write } from "./link";
import { filter, goToTime, now, pace } from "./store";

export interface Setting {
  name: string;
  value: string;
  about: string;
}

export interface LiveOutage {
  entry: number;
  label: string;
  mode: string;
  hosts: string[];
  links: [string, string][];
  from: number;
  to: number | null;
}

/** What the page holds besides the run when it is served. */
export interface Live {
  revision: number;
  file: string;
  saveTo: string | null;
  changes: { title: string; arguments: string[]; entry: string }[];
  undone: string[];
  command: string;
  modes: [mode: string, meaning: string][];
  outages: LiveOutage[];
  hosts: Record<string, { profile: string; settings: number; own: boolean }>;
  settings: Setting[][];
  addresses: string[];
}

export type Wish = "undo" | "redo" | "reset" | { change: Record<string, unknown> };

const element = document.getElementById("live");
/** None: the page is a file, and nothing in it can be changed. */
export const live = element && (JSON.parse(element.textContent!) as Live);

export const busy = signal(false);
/** Why the latest wish was not granted. */
export const problem = signal("");
/** What the latest wish came to. */
export const said = signal("");
/** The mode of an outage chosen last: the likely next one. */
export const mode = signal("blackhole");
export const selectedLink = signal<[string, string] | null>(null);

/** The first millisecond behind the event that is shown: what is shown stays as it was [ms]. */
export function afterNow(): number {
  // A millisecond that binary fractions miss by a little is that millisecond.
  return Math.floor(now.value * 1000 + 1e-4) + 1;
}

/** The time of the run as a scenario writes it. */
export function written(milliseconds: number): string {
  return `${milliseconds}ms`;
}

/** When a change shall hold, as a scenario writes it; empty: from the time shown on. */
export const when = signal("");

/** What is wanted of the time of a change: its text, and where the play goes then [ms]. */
export function wantedTime(): { at: string; show: number | null } {
  const text = when.value.trim();
  return text === "" ? { at: written(afterNow()), show: afterNow() } : { at: text, show: null };
}

/** What outlives loading the page again. */
interface Kept {
  said: string;
  focus: string;
  open: string[];
  scroll: number;
  pace: number;
  filter: string;
  mode: string;
  link: [string, string] | null;
}
const KEPT = "mailsim-live";

/** Brings the page back to where it was before it was loaded again. */
export function comeBack(): void {
  if (!live) return;
  if (embedded) {
    hear(({ mailsim, at, kept, problem: told, bare }) => {
      busy.value = false;
      if (bare) {
        document.documentElement.classList.add("bare");
        dispatchEvent(new Event("resize"));
      }
      if (mailsim === "problem") problem.value = told ?? "";
      if (mailsim === "kept" && kept) restore(kept as Kept);
      if (mailsim === "kept" && typeof at === "number") goToTime(at);
    });
    tell({ mailsim: "ready" });
    return;
  }
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (text !== null) restore(JSON.parse(text) as Kept);
}

function restore(kept: Kept): void {
  said.value = kept.said;
  pace.value = kept.pace;
  filter.value = kept.filter;
  mode.value = kept.mode;
  selectedLink.value = kept.link;
  // Once what was open and had the focus is there again.
  requestAnimationFrame(() => {
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    scrollTo(0, kept.scroll);
    const former = kept.focus === "" ? null : document.getElementById(kept.focus);
    former?.focus({ preventScroll: true });
    // What cannot be used again, as the last undo, leaves the focus to the controls.
    if (former && document.activeElement !== former) {
      document.getElementById("live-panel")?.focus({ preventScroll: true });
    }
  });
}

function keep(text: string, focus: string): Kept {
  const open = [...document.querySelectorAll<HTMLDetailsElement>("details[id][open]")];
  return {
    said: text,
    focus,
    open: open.map((details) => details.id),
    scroll: scrollY,
    pace: pace.value,
    filter: filter.value,
    mode: mode.value,
    link: selectedLink.value,
  };
}

async function post(path: string, body: unknown): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.headers.get("Content-Type") !== "application/json") {
      problem.value = text;
      return null;
    }
    const answer = JSON.parse(text) as Record<string, unknown>;
    if (response.ok) return answer;
    problem.value = String(answer["error"]);
  } catch {
    problem.value = "The server does not answer. Has mailsim serve ended?";
  }
  return null;
}

/**
 * Asks for a change; when it is made the page is loaded again, since every table and chart in it
 * changes too. The player goes to `at`, or stays [ms].
 */
export async function ask(wish: Wish, at: number | null = null): Promise<void> {
  pause();
  // While the answer is awaited no control can be used, so none keeps the focus.
  const focus = document.activeElement?.id ?? "";
  problem.value = said.value = "";
  busy.value = true;
  if (embedded) {
    // The workbench has the scenario: it writes the change into it and shows the new run in place of this.
    const change = typeof wish === "object" ? wish.change : null;
    const kept = keep("Written into the scenario; Undo takes it back.", focus);
    tell({ mailsim: "change", change, at: (at ?? now.value * 1000) / 1000, kept });
    return;
  }
  const answer = await post("/change", { revision: live!.revision, wish });
  busy.value = false;
  if (!answer) return;
  const took = Math.max(1, Math.round(Number(answer["took"]) * 1000));
  const kept = keep(`${answer["title"]}. Computed again in ${took} ms: ${answer["events"]} events.`, focus);
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  // What was chosen a moment ago is not in the fragment yet.
  write(at === null ? null : at / 1000);
  location.reload();
}

export async function cancel(): Promise<void> {
  await post("/cancel", {});
}

export async function save(): Promise<void> {
  problem.value = said.value = "";
  const answer = await post("/save", {});
  if (answer) said.value = `Saved to ${answer["saved"]}.`;
}

/** Whether an outage is in force at the time shown. */
export function isInForce(outage: LiveOutage): boolean {
  return outage.from <= now.value && (outage.to === null || now.value < outage.to);
}
