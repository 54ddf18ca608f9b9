// The workbench: a scenario on the left, its play on the right.

import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, explained, makeEditor, worded } from "./editor";
import type { Schema } from "./schema";
import { learn } from "./schema";
import { Expectations, FigureTable } from "./figures";
import { ExercisePanel } from "./exercise";
import { Frame } from "./frame";
import { page } from "./page_data";
import { download } from "./share";
import { changed, depth, editor, fileOf, isAhead, link, linked, look, pageOf, problems, run, share, shown, status, stop, trouble, walk } from "./state";
import { TalkPanel } from "./talk";
import "./site.css";

/** What explains the key at the cursor. */
const explanation = signal<{ key: string; text: string } | null>(null);

let moving = 0;
function moved(): void {
  window.clearTimeout(moving);
  moving = window.setTimeout(() => {
    const { view } = editor.value!;
    explanation.value = explained(view.state.doc.toString(), view.state.selection.main.head);
  }, 120);
}

function Editor() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const made = makeEditor(place.current!, page.text, { onChange: changed, onMove: moved, onRun: () => void run() });
    editor.value = made;
    void look({ ask: "schema" }).then((schema) => {
      if (schema.refused === undefined) learn(schema as unknown as Schema);
    });
    void begin();
  }, []);
  return <div class="editor" ref={place} />;
}

/** Opens what the address holds, or what the page does, and runs it. */
async function begin(): Promise<void> {
  const { text, why } = await linked();
  if (text !== null) editor.value!.open(text);
  if (editor.value!.text().trim() === "") {
    changed();
    status.value = "Write a scenario, or choose an example.";
  } else {
    await run();
  }
  if (why !== "") trouble.value = why;
}

function go({ from }: Problem): void {
  const { view } = editor.value!;
  const anchor = Math.min(from, view.state.doc.length);
  view.dispatch({ selection: { anchor }, scrollIntoView: true });
  view.focus();
}

const MOST_PROBLEMS = 8;

function ProblemList() {
  const all = problems.value;
  if (all.length === 0) return null;
  return (
    <ul class="problems" aria-label="What is wrong with the scenario">
      {all.slice(0, MOST_PROBLEMS).map((problem) => (
        <li class={problem.severity}>
          <button type="button" class="plain" onClick={() => go(problem)}>Line {problem.line}</button> {worded(problem)}
        </li>
      ))}
      {all.length > MOST_PROBLEMS && <li>and {all.length - MOST_PROBLEMS} more</li>}
    </ul>
  );
}

function Explanation() {
  const told = explanation.value;
  return (
    <p class="explanation" aria-live="polite">
      {told ? <><code>{told.key}</code>: {told.text}</> : <span class="soft">The key at the cursor is explained here.</span>}
    </p>
  );
}

function Examples() {
  const all = globalThis.mailsimScenarios ?? [];
  if (all.length === 0) return null;
  const open = (event: Event) => {
    const select = event.currentTarget as HTMLSelectElement;
    const chosen = all[Number(select.value)];
    select.value = "";
    if (!chosen) return;
    editor.value!.write(chosen.text);
    editor.value!.view.dispatch({ selection: { anchor: 0 }, scrollIntoView: true });
    void run();
  };
  return (
    <label>
      <span class="hidden">Examples</span>
      <select onChange={open}>
        <option value="">Open an example …</option>
        {[...new Set(all.map(({ group }) => group))].map((name) => (
          <optgroup label={name}>
            {all.map(({ group, title }, place) => group === name && <option value={place}>{title}</option>)}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

const TABLES = ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv", "summary.json"];

/** What can be taken away. */
function Keep() {
  const [copied, setCopied] = useState("");
  const shareIt = async () => {
    const address = await link();
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address);
      setCopied(`Link copied: ${address.length.toLocaleString("en")} letters, the scenario itself is in it.`);
    } catch {
      setCopied("The address of this page now holds the scenario: copy it.");
    }
  };
  const take = async (name: string) => {
    const text = name === "report.html" ? await pageOf() : await fileOf(name);
    if (text !== null) download(`${page.name}-${name}`, name.endsWith(".html") ? "text/html" : "text/plain", text);
  };
  return (
    <details class="menu">
      <summary>Share, download</summary>
      <div class="choices">
        <button type="button" onClick={() => void shareIt()}>Link to this scenario</button>
        <button type="button" onClick={() => download(`${page.name}.toml`, "application/toml", editor.value!.text())}>Scenario ({page.name}.toml)</button>
        <button type="button" disabled={!shown.value} onClick={() => void take("report.html")}>Page (report.html)</button>
        {TABLES.map((name) => <button type="button" disabled={!shown.value} onClick={() => void take(name)}>{name}</button>)}
        <p role="status">{copied}</p>
      </div>
    </details>
  );
}

function Bar() {
  const busy = share.value !== null;
  return (
    <div class="bar">
      {busy ? (
        <button type="button" class="run" onClick={stop}>■ Stop</button>
      ) : (
        <button type="button" class="run" onClick={() => void run()} title="Ctrl+Enter">▶ Run</button>
      )}
      <button type="button" disabled={busy || depth.value[0] === 0} onClick={() => void walk("undo")}>↶ Undo</button>
      <button type="button" disabled={busy || depth.value[1] === 0} onClick={() => void walk("redo")}>↷ Redo</button>
      <Examples />
      <Keep />
    </div>
  );
}

function Status() {
  return (
    <div class="status">
      <p role="status">
        {status.value}
        {isAhead.value && share.value === null && shown.value && " The scenario was changed since: run it again."}
      </p>
      {share.value !== null && <progress aria-label="How far the run has come" value={share.value} />}
      <p role="alert" class="trouble">{trouble.value}</p>
    </div>
  );
}

type View = "play" | "figures" | "talk";

function Views({ children }: { children?: preact.ComponentChildren }) {
  const [view, setView] = useState<View>("play");
  const tab = (name: View, words: string) => (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={view === name}
      aria-controls="view"
      tabIndex={view === name ? 0 : -1}
      onClick={() => setView(name)}
    >
      {words}
    </button>
  );
  const keys = (event: KeyboardEvent) => {
    const order: View[] = ["play", "figures", "talk"];
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = order[(order.indexOf(view) + step + order.length) % order.length]!;
    setView(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section class="views" aria-label="What comes of it">
      <div class="head">
        <div role="tablist" aria-label="What comes of it" onKeyDown={keys}>
          {tab("play", "Play")}
          {tab("figures", "Figures, before and now")}
          {tab("talk", "Talk to a host")}
        </div>
        {children}
      </div>
      <div id="view" role="tabpanel" aria-labelledby={`tab-${view}`}>
        <div class={view === "play" ? "playing" : "away"}><Frame /></div>
        {view === "figures" && <><Expectations /><FigureTable /></>}
        {view === "talk" && <TalkPanel />}
      </div>
    </section>
  );
}

function Workbench() {
  const [open, setOpen] = useState(page.kind !== "lesson");
  return (
    <>
      {page.exercise && <ExercisePanel exercise={page.exercise} />}
      <div class={`bench${open ? "" : " alone"}`}>
        <section class="scenario" aria-label="Scenario" hidden={!open}>
          <Bar />
          <Status />
          <Editor />
          <ProblemList />
          <Explanation />
          <p id="editor-help" class="hint">
            <kbd>Ctrl</kbd>+<kbd>Enter</kbd> runs, <kbd>Ctrl</kbd>+<kbd>Space</kbd> completes, <kbd>F8</kbd> goes to the next
            problem, <kbd>Tab</kbd> leaves the editor.
          </p>
        </section>
        <div class="side">
          <Views>
            {page.kind === "lesson" && (
              <button type="button" class="open" aria-expanded={open} onClick={() => setOpen(!open)}>
                {open ? "Hide the scenario" : "Change the scenario"}
              </button>
            )}
            {!open && <Status />}
          </Views>
        </div>
      </div>
    </>
  );
}

render(<Workbench />, document.getElementById("workbench")!);
