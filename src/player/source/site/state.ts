// What the workbench shows, and what it does: one place for both.

import { computed, signal } from "@preact/signals";
import type { Editor, Problem } from "./editor";
import { worded } from "./editor";
import { type Answer, Engine } from "./engine";
import { page } from "./page_data";
import { packed, unpacked } from "./share";

export type Figures = [name: string, value: number | null][];

export interface Verdict {
  met: boolean;
  told: string;
}

/** A run that was made. */
export interface Run {
  text: string;
  events: number;
  took: number;
  figures: Figures;
  expectations: Verdict[];
}

/** A run takes no longer than this [ms]; looking at a text no longer than that. */
const RUN_LIMIT = 60_000;
const LOOK_LIMIT = 15_000;
/** A text is looked at so long after the last key [ms]. */
const PAUSE = 250;

const runner = new Engine();
const looker = new Engine();

export const editor = signal<Editor | null>(null);
export const problems = signal<Problem[]>([]);
/** Whether the text has an error, so that it cannot be run. */
export const isBroken = computed(() => problems.value.some(({ severity }) => severity === "error"));
/** What has happened last, in words. */
export const status = signal("");
/** Why something was not done. */
export const trouble = signal("");
/** The share of a run that is done; none: nothing is run. */
export const share = signal<number | null>(null);
export const shown = signal<Run | null>(null);
export const former = signal<Run | null>(null);
/** The page of the run that is shown, and the time to show [s]. */
export const document_ = signal<{ html: string; at: number | null; kept: unknown }>({ html: "", at: null, kept: null });
/** Whether the text has changed since it was run. */
export const isAhead = signal(false);
export const depth = signal<[number, number]>([0, 0]);

let pause = 0;

/** Asks the engine something short. */
export function look(question: Record<string, unknown>): Promise<Answer> {
  return looker.ask(question, LOOK_LIMIT);
}

/** Looks at the text once it rests. */
export function changed(): void {
  const text = editor.value!.text();
  isAhead.value = text !== shown.value?.text;
  trouble.value = "";
  depth.value = editor.value!.depth();
  window.clearTimeout(pause);
  pause = window.setTimeout(() => void check(), PAUSE);
}

async function check(): Promise<void> {
  const text = editor.value!.text();
  // Who has not begun has made no mistake.
  const answer: Answer = text.trim() === "" ? { problems: [] } : await look({ ask: "check", text });
  if (editor.value!.text() !== text) return;
  take(answer);
}

/** Shows what an answer says is wrong; returns whether something forbids a run. */
function take(answer: Answer): boolean {
  problems.value = (answer["problems"] as Problem[] | undefined) ?? [];
  editor.value!.show(problems.value);
  if (answer.refused !== undefined) trouble.value = answer.refused;
  return isBroken.value || answer.refused !== undefined;
}

/** The first error, in words. */
function firstError(): string {
  const first = problems.value.find(({ severity }) => severity === "error");
  if (!first) return "";
  const count = problems.value.filter(({ severity }) => severity === "error").length;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return `Line ${first.line}: ${worded(first)}${more}`;
}

/** Runs the text; the play goes to `at` [s], and what a change has `kept` of it comes back. */
export async function run(at: number | null = null, kept: unknown = null): Promise<void> {
  if (share.value !== null) return;
  const text = editor.value!.text();
  trouble.value = "";
  status.value = "Running …";
  share.value = 0;
  const begun = performance.now();
  const answer = await runner.ask({ ask: "run", text, file: `${page.name}.toml` }, RUN_LIMIT, (done) => (share.value = done));
  const took = performance.now() - begun;
  if (take(answer) || answer["figures"] === undefined) {
    share.value = null;
    status.value = "Not run.";
    if (answer.refused === undefined) trouble.value = firstError();
    return;
  }
  const word = crypto.randomUUID();
  const drawn = await runner.ask({ ask: "page", live: word }, RUN_LIMIT);
  share.value = null;
  if (drawn.refused !== undefined) {
    trouble.value = drawn.refused;
    status.value = "Not run.";
    return;
  }
  former.value = shown.value;
  shown.value = {
    text,
    events: answer["events"] as number,
    took,
    figures: answer["figures"] as Figures,
    expectations: answer["expectations"] as Verdict[],
  };
  document_.value = { html: drawn["page"] as string, at, kept };
  isAhead.value = editor.value!.text() !== text;
  const met = shown.value.expectations.filter((verdict) => verdict.met).length;
  const all = shown.value.expectations.length;
  const expected = all === 0 ? "" : met === all ? " All expectations are met." : ` ${all - met} of ${all} expectations are not met.`;
  status.value = `Run: ${shown.value.events.toLocaleString("en")} events in ${(took / 1000).toFixed(2)} s.${expected}`;
}

export function stop(): void {
  runner.stop("Stopped. What was shown before stays.");
}

/** Writes a change into the text and runs it. Returns why that was not possible; empty: it was. */
export async function change(wish: Record<string, unknown>, at: number | null, kept: unknown): Promise<string> {
  const text = editor.value!.text();
  const answer = await look({ ask: "change", text, change: wish });
  if (answer.refused !== undefined) return answer.refused;
  const next = answer["text"] as string | undefined;
  if (next === undefined) {
    const wrong = (answer["problems"] as Problem[]).find(({ severity }) => severity === "error");
    return wrong ? worded(wrong) : "The scenario cannot be read.";
  }
  editor.value!.write(next);
  await run(at, kept);
  if (trouble.value === "") status.value = `${answer["title"]}. ${status.value}`;
  return trouble.value;
}

/** Goes back or forth by one change of the text, and runs it. */
export async function walk(how: "undo" | "redo"): Promise<void> {
  editor.value![how]();
  await run();
}

/** Returns a file of the run that is shown. */
export async function fileOf(name: string): Promise<string | null> {
  const answer = await runner.ask({ ask: "file", name }, LOOK_LIMIT);
  if (answer.refused !== undefined) trouble.value = answer.refused;
  return (answer["text"] as string | undefined) ?? null;
}

/** Returns the page of the run that is shown, as a file. */
export async function pageOf(): Promise<string | null> {
  const answer = await runner.ask({ ask: "page", live: null }, RUN_LIMIT);
  if (answer.refused !== undefined) trouble.value = answer.refused;
  return (answer["page"] as string | undefined) ?? null;
}

/** Returns a link that holds the scenario. */
export async function link(): Promise<string> {
  const address = new URL(location.href);
  address.hash = `scenario=${await packed(editor.value!.text())}`;
  return address.href;
}

/** Returns the scenario that the address holds, if it does, and why it could not be read, if so. */
export async function linked(): Promise<{ text: string | null; why: string }> {
  const fragment = new URLSearchParams(location.hash.slice(1)).get("scenario");
  const text = fragment === null ? null : await unpacked(fragment);
  const damaged = fragment !== null && text === null;
  return { text, why: damaged ? "The link is damaged, or holds too much; this is the scenario of the page." : "" };
}
