// The editor: CodeMirror, with what the engine finds wrong at its place, and completion and explanation from
// the schema.

import { type Completion, type CompletionContext, type CompletionResult, autocompletion, closeBrackets, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, redo, redoDepth, undo, undoDepth } from "@codemirror/commands";
import { StreamLanguage, bracketMatching, defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { explanation, keysOf, valuesOf } from "./schema";
import { keyAround, placeAt } from "./toml_place";

/** What is wrong, as the engine says it. */
export interface Problem {
  severity: "error" | "warning";
  line: number;
  column: number;
  from: number;
  to: number;
  key: string;
  message: string;
  accepted: string;
  help: string;
}

/** Returns a problem in words. */
export function worded({ message, accepted, help }: Problem): string {
  const parts = [message, accepted === "" ? "" : `accepted: ${accepted}`, help];
  return parts.filter((part) => part !== "").join("; ");
}

/** Keys whose value names a host, or an address. */
const NAMES_HOST = /^(host|hosts|between|store|link|address)$/;
const NAMES_ADDRESS = /^(from|to|cc|bcc|mailbox|members|owner)$/;

function hostsIn(text: string): string[] {
  const names = [...text.matchAll(/\[\[host\]\][^[]*?\n\s*name\s*=\s*"([^"\n]+)"/g)];
  return [...new Set(names.map((match) => match[1]!))];
}

function addressesIn(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/\[\[domain\]\]([\s\S]*?)(?=\n\s*\[\[|$)/g)) {
    const name = /\n\s*name\s*=\s*"([^"\n]+)"/.exec(match[1]!)?.[1];
    const boxes = /\n\s*mailboxes\s*=\s*\[([^\]]*)\]/.exec(match[1]!)?.[1] ?? "";
    if (name !== undefined) for (const box of boxes.matchAll(/"([^"\n]+)"/g)) found.push(`${box[1]}@${name}`);
  }
  return found;
}

function completions(context: CompletionContext): CompletionResult | null {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (!place) return null;
  const line = context.state.doc.lineAt(context.pos);
  const inHeader = /^\s*\[\[?\s*[A-Za-z_]*$/.test(line.text.slice(0, context.pos - line.from));
  if (place.key === null) {
    if (place.begun === "" && !context.explicit && !inHeader) return null;
    const top = place.table.length === 0;
    const options = keysOf(place.table).flatMap((known): Completion[] => {
      const detail = known.needed ? "needed" : known.sort === "value" ? "" : "table";
      const key = { label: known.name, info: known.about, detail, type: "property" };
      if (inHeader) return known.sort === "value" ? [] : [{ ...key, apply: header(known.name, known.sort === "tables") }];
      return [{ ...key, apply: `${known.name} = ` }];
    });
    // Behind a table's keys a new table may begin.
    if (!inHeader && frameless(text, context.pos)) {
      for (const known of keysOf([])) {
        if (known.sort === "tables") options.push({ label: `[[${known.name}]]`, info: known.about, detail: "new", type: "class", boost: top ? 0 : -50 });
      }
    }
    return { from: place.from, options, validFor: /^[A-Za-z0-9_[\]-]*$/ };
  }
  const words = valuesOf(place.table, place.key).map(({ text: word, quoted }) => ({
    label: word,
    apply: quoted && !place.quoted ? `"${word}"` : word,
    type: "constant",
  }));
  const name = (label: string) => ({ label, apply: place.quoted ? label : `"${label}"`, type: "variable" });
  if (NAMES_HOST.test(place.key) || (place.key === "mx" && place.quoted)) words.push(...hostsIn(text).map(name));
  if (NAMES_ADDRESS.test(place.key)) words.push(...addressesIn(text).map(name));
  if (words.length === 0) return null;
  return { from: place.from, options: words, validFor: /^[^"',\]}\n]*$/ };
}

/** Whether no bracket is open at a place: a line may begin a table there. */
function frameless(text: string, at: number): boolean {
  const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return /^\s*[A-Za-z_[]*$/.test(before);
}

/** Writes a table's name with its brackets, those that stand there already included. */
function header(name: string, isList: boolean) {
  return (view: EditorView, _: Completion, from: number, to: number) => {
    const line = view.state.doc.lineAt(from);
    const close = /^\s*\]*/.exec(view.state.doc.sliceString(to, line.to))![0].length;
    const insert = isList ? `[[${name}]]\n` : `[${name}]\n`;
    view.dispatch({ changes: { from: line.from, to: to + close, insert }, selection: { anchor: line.from + insert.length } });
  };
}

/** Returns what explains the place of the cursor. */
export function explained(text: string, at: number): { key: string; text: string } | null {
  const around = keyAround(text, at);
  if (!around) return null;
  const told = explanation(around.table, around.key);
  return told === "" ? null : { key: [...around.table, around.key].join("."), text: told };
}

const explain = hoverTooltip((view, at) => {
  const word = view.state.wordAt(at);
  if (!word) return null;
  const told = explained(view.state.doc.toString(), at);
  if (!told) return null;
  return {
    pos: word.from,
    end: word.to,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "explanation-tip";
      dom.textContent = told.text;
      return { dom };
    },
  };
});

export interface Editor {
  view: EditorView;
  text: () => string;
  /** Replaces what differs, as one step that can be undone. */
  write: (text: string) => void;
  /** Begins anew: there is nothing to undo. */
  open: (text: string) => void;
  show: (problems: Problem[]) => void;
  undo: () => void;
  redo: () => void;
  depth: () => [undo: number, redo: number];
}

export interface Told {
  onChange: () => void;
  onMove: () => void;
  onRun: () => void;
}

export function makeEditor(parent: HTMLElement, text: string, told: Told): Editor {
  const extensions = [
    lineNumbers(),
    lintGutter(),
    history(),
    drawSelection(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    bracketMatching(),
    closeBrackets(),
    StreamLanguage.define(toml),
    syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
    autocompletion({ override: [completions], icons: false }),
    explain,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "The scenario", "aria-describedby": "editor-help" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) told.onChange();
      if (update.docChanged || update.selectionSet) told.onMove();
    }),
    keymap.of([
      { key: "Mod-Enter", run: () => (told.onRun(), true) },
      { key: "Alt-/", run: startCompletion },
      ...completionKeymap,
      ...searchKeymap,
      ...lintKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
  ];
  const state = (doc: string) => EditorState.create({ doc, extensions });
  const view = new EditorView({ parent, state: state(text) });
  return {
    view,
    text: () => view.state.doc.toString(),
    write: (next) => {
      const former = view.state.doc.toString();
      let begin = 0;
      while (begin < Math.min(former.length, next.length) && former[begin] === next[begin]) begin += 1;
      let end = 0;
      while (end < Math.min(former.length, next.length) - begin && former.at(-1 - end) === next.at(-1 - end)) end += 1;
      const insert = next.slice(begin, next.length - end);
      if (begin === former.length - end && insert === "") return;
      view.dispatch({ changes: { from: begin, to: former.length - end, insert }, selection: { anchor: begin + insert.length }, scrollIntoView: true });
    },
    open: (next) => view.setState(state(next)),
    show: (problems) => {
      const length = view.state.doc.length;
      const diagnostics = problems.map(({ from, to, severity, ...rest }): Diagnostic => {
        const begin = Math.min(from, length);
        return { from: begin, to: Math.max(begin, Math.min(to, length)), severity, message: worded({ from, to, severity, ...rest }) };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    undo: () => void undo(view),
    redo: () => void redo(view),
    depth: () => [undoDepth(view.state), redoDepth(view.state)],
  };
}
