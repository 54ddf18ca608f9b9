// Talking to a host by hand: each line is answered by the engine, which hears the whole conversation again.

import { useEffect, useRef, useState } from "preact/hooks";
import { editor, look } from "./state";

interface Line {
  at: number | null;
  who: "C" | "S" | "-" | "?";
  text: string;
}

interface Heard {
  lines: Line[];
  over: boolean;
  entries: string;
}

const PORTS: Record<string, number> = { smtp: 25, submission: 587, pop3: 110, imap: 143 };

function clock(at: number | null): string {
  if (at === null) return "";
  const ms = Math.floor(at * 1000 + 1e-4);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

export function TalkPanel() {
  const [hosts, setHosts] = useState<string[]>([]);
  const [host, setHost] = useState("");
  const [at, setAt] = useState("0s");
  const [protocol, setProtocol] = useState("smtp");
  const [said, setSaid] = useState<string[] | null>(null);
  const [heard, setHeard] = useState<Heard | null>(null);
  const [wrong, setWrong] = useState("");
  const [typed, setTyped] = useState("");
  const end = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void look({ ask: "check", text: editor.value!.text() }).then((answer) => {
      const names = (answer["hosts"] as string[] | undefined) ?? [];
      setHosts(names.filter((name) => !name.startsWith("mua.")));
      setHost((former) => (names.includes(former) ? former : (names.filter((name) => !name.startsWith("mua.")).at(-1) ?? "")));
    });
  }, []);
  useEffect(() => {
    end.current?.scrollTo(0, end.current.scrollHeight);
    field.current?.focus();
  }, [heard]);
  const call = async (lines: string[]) => {
    setWrong("");
    const spoken = protocol === "submission" ? "smtp" : protocol;
    const answer = await look({
      ask: "talk",
      text: editor.value!.text(),
      call: { host, at, protocol: spoken, port: PORTS[protocol], from: null, lines },
    });
    if (answer["lines"] === undefined) {
      setWrong(answer.refused ?? "The scenario has errors; mend them first.");
      return;
    }
    setSaid(lines);
    setHeard(answer as unknown as Heard);
  };
  const hangUp = () => {
    setSaid(null);
    setHeard(null);
  };
  return (
    <div class="talk">
      <form class="row" aria-label="Call a host" onSubmit={(event) => (event.preventDefault(), void call([]))}>
        <label>Host <select value={host} onChange={(event) => setHost(event.currentTarget.value)}>{hosts.map((name) => <option>{name}</option>)}</select></label>
        <label>
          Protocol{" "}
          <select value={protocol} onChange={(event) => setProtocol(event.currentTarget.value)}>
            <option value="smtp">SMTP, port 25</option>
            <option value="submission">SMTP, port 587</option>
            <option value="pop3">POP3</option>
            <option value="imap">IMAP</option>
          </select>
        </label>
        <label>At <input size={8} value={at} onInput={(event) => setAt(event.currentTarget.value)} /></label>
        <button>{said ? "Call again" : "Call"}</button>
        {said && <button type="button" onClick={hangUp}>Hang up</button>}
      </form>
      {wrong !== "" && <p role="alert" class="trouble">{wrong}</p>}
      {heard && (
        <>
          <div class="transcript" ref={end} role="log" tabIndex={0} aria-label="What was said">
            {heard.lines.map(({ at: time, who, text }) => (
              <p class={`line said-${who === "-" ? "link" : who === "?" ? "help" : who}`}>
                <time>{clock(time)}</time> {who === "?" ? "" : `${who === "-" ? "––" : `${who}:`} `}{text}
              </p>
            ))}
          </div>
          {heard.over ? (
            <p>The connection is closed.</p>
          ) : (
            <form
              class="row"
              onSubmit={(event) => {
                event.preventDefault();
                setTyped("");
                void call([...said!, typed]);
              }}
            >
              <label class="wide">Say <input ref={field} class="wide" value={typed} autocomplete="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} /></label>
              <button>Say it</button>
            </form>
          )}
          <p class="hint"><kbd>?</kbd> explains the latest reply, <kbd>? RCPT</kbd> a command; <kbd>+5m</kbd> lets time pass.</p>
          {heard.entries !== "" && (
            <button type="button" onClick={() => editor.value!.write(`${editor.value!.text().trimEnd()}\n${heard.entries}`)}>
              Add what was accepted to the scenario
            </button>
          )}
        </>
      )}
    </div>
  );
}
