// Where in a scenario a place of its text is: in which table, at a key or in a value. It reads what is
// there, finished or not.

export interface Place {
  /** The keys that lead to the table, without positions in lists. */
  table: string[];
  /** The key whose value is being written; none: a key is. */
  key: string | null;
  /** What of the key or value stands before the place. */
  begun: string;
  /** Where that begins. */
  from: number;
  /** Whether the value is inside quotes. */
  quoted: boolean;
}

interface Frame {
  kind: "table" | "list";
  table: string[];
  key: string | null;
}

const BARE = /[A-Za-z0-9_-]/;

/** Takes a key in dots and quotes apart. */
function steps(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/"([^"]*)"?|'([^']*)'?|[A-Za-z0-9_-]+/g)) found.push(match[1] ?? match[2] ?? match[0]);
  return found;
}

/** Returns the end of a quoted text that begins at `at`; beyond `end` if it is not finished. */
function endOfText(text: string, at: number, end: number): number {
  const quote = text[at]!;
  const triple = quote.repeat(3);
  if (text.startsWith(triple, at)) {
    const close = text.indexOf(triple, at + 3);
    return close < 0 || close >= end ? end + 1 : close + 3;
  }
  for (let i = at + 1; i < end; i++) {
    if (text[i] === "\\" && quote === '"') i += 1;
    else if (text[i] === quote) return i + 1;
    else if (text[i] === "\n") return i;
  }
  return end + 1;
}

/** Returns what stands at `end`. */
export function placeAt(text: string, end: number): Place | null {
  let header: string[] = [];
  let table: string[] = [];
  let key: string | null = null;
  const frames: Frame[] = [];
  let at = 0;
  while (at < end) {
    const letter = text[at]!;
    if (letter === "#") {
      const line = text.indexOf("\n", at);
      if (line < 0 || line >= end) return null;
      at = line;
    } else if (letter === "\n") {
      if (frames.length === 0) {
        key = null;
        table = header;
      }
      at += 1;
    } else if (/\s/.test(letter)) {
      at += 1;
    } else if (key === null && letter === "[" && frames.length === 0) {
      const line = text.indexOf("\n", at);
      const stop = line < 0 || line > end ? end : line;
      const written = text.slice(at, stop);
      if (stop === end && !written.includes("]")) {
        const begun = written.replace(/^\[+\s*/, "");
        return { table: [], key: null, begun, from: end - begun.length, quoted: false };
      }
      header = table = steps(written.replace(/\].*$/s, ""));
      at = stop;
    } else if (key === null && (BARE.test(letter) || letter === '"' || letter === "'")) {
      // A key, in dots.
      let stop = at;
      while (stop < end && (BARE.test(text[stop]!) || ". \t\"'".includes(text[stop]!))) {
        stop = text[stop] === '"' || text[stop] === "'" ? Math.min(end, endOfText(text, stop, end)) : stop + 1;
      }
      const written = text.slice(at, stop);
      const parts = steps(written);
      if (stop >= end) {
        const dotted = /[.]\s*$/.test(written);
        const begun = dotted ? "" : (parts.pop() ?? "");
        if (/\s$/.test(written) && !dotted) return null;
        return { table: [...table, ...parts], key: null, begun, from: end - begun.length, quoted: false };
      }
      if (text[stop] !== "=") {
        at = stop + 1;
        continue;
      }
      key = parts.pop() ?? null;
      table = [...table, ...parts];
      at = stop + 1;
    } else if (key !== null && (letter === '"' || letter === "'")) {
      const stop = endOfText(text, at, end);
      if (stop > end) {
        const begun = text.slice(at + 1, end);
        return { table, key, begun, from: at + 1, quoted: true };
      }
      at = stop;
    } else if (key !== null && letter === "{") {
      frames.push({ kind: "table", table, key });
      table = [...table, key];
      key = null;
      at += 1;
    } else if (key !== null && letter === "[") {
      frames.push({ kind: "list", table, key });
      at += 1;
    } else if (letter === "}" || letter === "]") {
      const frame = frames.pop();
      if (frame) ({ table, key } = frame);
      at += 1;
    } else if (letter === ",") {
      const frame = frames.at(-1);
      if (frame?.kind === "table") {
        table = [...frame.table, frame.key!];
        key = null;
      }
      at += 1;
    } else {
      // A bare value: a number, true, false.
      let stop = at + 1;
      while (stop < end && /[^\s,\]}#]/.test(text[stop]!)) stop += 1;
      if (stop >= end && key !== null) {
        return { table, key, begun: text.slice(at, end), from: at, quoted: false };
      }
      at = stop;
    }
  }
  return { table, key, begun: "", from: end, quoted: false };
}

/** Returns the key on which a place stands, or in whose value. */
export function keyAround(text: string, at: number): { table: string[]; key: string } | null {
  let end = at;
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  if (/^\s*\[/.test(line)) {
    const close = text.indexOf("\n", at);
    const parts = steps(text.slice(at - line.length, close < 0 ? text.length : close).replace(/\].*$/s, ""));
    const key = parts.pop();
    return key === undefined ? null : { table: parts, key };
  }
  while (end < text.length && BARE.test(text[end]!)) end += 1;
  const place = placeAt(text, end);
  if (!place) return null;
  if (place.key !== null) return { table: place.table, key: place.key };
  if (place.begun !== "") return { table: place.table, key: place.begun };
  const key = place.table.at(-1);
  return key === undefined ? null : { table: place.table.slice(0, -1), key };
}
