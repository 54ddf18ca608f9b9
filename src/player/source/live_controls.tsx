// The controls of a page that is served: take down, bring back, change, add, undo, save.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type LiveOutage,
  afterNow,
  ask,
  busy,
  cancel,
  isInForce,
  live,
  mode,
  problem,
  said,
  save,
  selectedLink,
  wantedTime,
  when,
  written,
} from "./live";
import { embedded } from "./embed";
import "./live.css";
import { run, select, selectedDomain, selectedHost, selectedMessage } from "./store";
import { clock } from "./words";

const lasting = signal("");

effect(() => {
  // Whatever else is looked into takes the place of a link.
  if (selectedMessage.value ?? selectedHost.value ?? selectedDomain.value) selectedLink.value = null;
});

/** A form that is sent to the server and never by the browser. */
function Form(props: { id: string; label: string; onSend: () => void; children: preact.ComponentChildren }) {
  return (
    <form
      id={props.id}
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSend();
      }}
    >
      {props.children}
    </form>
  );
}

/** When the change shall hold; nothing written: from the time shown on. */
function When() {
  return (
    <label>
      at{" "}
      <input
        size={9}
        value={when.value}
        placeholder="time shown"
        onInput={(event) => (when.value = event.currentTarget.value)}
      />
    </label>
  );
}

/** The time of a change, for people. */
function timeWanted(): string {
  return when.value.trim() === "" ? clock(afterNow() / 1000) : when.value.trim();
}

function Lasting() {
  return (
    <label>
      for{" "}
      <input
        size={7}
        value={lasting.value}
        placeholder="the rest"
        onInput={(event) => (lasting.value = event.currentTarget.value)}
      />
    </label>
  );
}

/** What is wanted of the time that an outage lasts: nothing, or its text. */
function lastingWish(): { for?: string } {
  return lasting.value.trim() === "" ? {} : { for: lasting.value.trim() };
}

function EndButtons({ outages }: { outages: LiveOutage[] }) {
  return (
    <>
      {outages.map((outage) => (
        <p key={outage.entry}>
          <button
            type="button"
            id={`live-end-${outage.entry}`}
            disabled={busy.value}
            onClick={() => {
              const { at, show } = wantedTime();
              void ask({ change: { do: "end", outage: outage.entry, at } }, show);
            }}
          >
            ↺ End {outage.mode} of {outage.label} at {timeWanted()}
          </button>
        </p>
      ))}
    </>
  );
}

/** In the card of a host: take it down, bring it back, change a setting. */
export function LiveHost({ name }: { name: string }) {
  const host = live?.hosts[name];
  if (!live || !host) return null;
  const inForce = live.outages.filter((outage) => outage.hosts.includes(name) && isInForce(outage));
  const takeDown = () => {
    const { at, show } = wantedTime();
    const change = { do: "take_down", host: name, mode: mode.value, at, ...lastingWish() };
    void ask({ change }, show);
  };
  const meaning = live.modes.find(([each]) => each === mode.value)?.[1];
  return (
    <div class="live">
      <h3>Take it down, bring it back</h3>
      <EndButtons outages={inForce} />
      <Form id="live-take-down" label={`Take ${name} down`} onSend={takeDown}>
        <label>
          Mode{" "}
          <select value={mode.value} onChange={(event) => (mode.value = event.currentTarget.value)}>
            {live.modes.map(([each, about]) => <option value={each} title={about}>{each}</option>)}
          </select>
        </label>
        <When />
        <Lasting />
        <button id="live-take-down-send" disabled={busy.value}>
          ⚡ Take down at {timeWanted()}
        </button>
        <p class="hint">{meaning}</p>
      </Form>
      <SettingForm key={name} name={name} />
    </div>
  );
}

function SettingForm({ name }: { name: string }) {
  const host = live!.hosts[name]!;
  const settings = live!.settings[host.settings]!;
  const [chosen, choose] = useState(0);
  const [value, setValue] = useState(settings[0]?.value ?? "");
  const [fromStart, setFromStart] = useState(host.own);
  const setting = settings[chosen];
  if (!setting) return null;
  const send = () => {
    const at = fromStart ? {} : { at: written(afterNow()) };
    void ask({ change: { do: "setting", host: name, setting: setting.name, value, ...at } });
  };
  return (
    <details id="live-setting">
      <summary>Change a setting of its {host.profile}</summary>
      <Form id="live-setting-form" label={`Change a setting of ${name}`} onSend={send}>
        <label>
          Setting{" "}
          <select
            value={chosen}
            onChange={(event) => {
              const index = Number(event.currentTarget.value);
              choose(index);
              setValue(settings[index]!.value);
            }}
          >
            {settings.map((each, index) => <option value={index}>{each.name} = {each.value}</option>)}
          </select>
        </label>
        <p class="hint">{setting.about}</p>
        <label>
          Value{" "}
          <input value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        </label>
        <fieldset>
          <legend>It holds</legend>
          <label>
            <input
              type="radio"
              name="live-from"
              checked={fromStart}
              disabled={!host.own}
              onChange={() => setFromStart(true)}
            />
            from the start{host.own ? "" : " (not for one host of many)"}
          </label>
          <label>
            <input type="radio" name="live-from" checked={!fromStart} onChange={() => setFromStart(false)} />
            from {clock(afterNow() / 1000)} on
          </label>
        </fieldset>
        <button id="live-setting-send" disabled={busy.value}>Change it</button>
      </Form>
    </details>
  );
}

/** On a link of the drawing: something to click that is wider than the line. */
export function LinkHandle(props: { between: [string, string]; x1: number; y1: number; x2: number; y2: number }) {
  if (!live) return null;
  const { between, ...line } = props;
  const open = () => {
    select({});
    selectedLink.value = between;
  };
  const chosen = selectedLink.value?.join() === between.join();
  return (
    <line
      {...line}
      class={`handle${chosen ? " chosen" : ""}`}
      role="button"
      tabindex={0}
      aria-label={`The way between ${between[0]} and ${between[1]}`}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        open();
      }}
    />
  );
}

/** The card of a link. */
export function LiveLink() {
  const between = selectedLink.value;
  if (!live || between === null) return null;
  const same = ([a, b]: [string, string]) => between.includes(a) && between.includes(b);
  const inForce = live.outages.filter((outage) => outage.links.some(same) && isInForce(outage));
  const cut = () => {
    const { at, show } = wantedTime();
    void ask({ change: { do: "cut", between, at, ...lastingWish() } }, show);
  };
  return (
    <div class="live">
      <h2>{between[0]} – {between[1]}</h2>
      <EndButtons outages={inForce} />
      <Form id="live-cut" label="Cut this way" onSend={cut}>
        <When />
        <Lasting />
        <button id="live-cut-send" disabled={busy.value}>⚡ Cut at {timeWanted()}</button>
      </Form>
    </div>
  );
}

function MailForm() {
  const [from, setFrom] = useState(live!.addresses[0] ?? "");
  const [to, setTo] = useState(live!.addresses.at(-1) ?? "");
  const [at, setAt] = useState("");
  const [size, setSize] = useState("10kB");
  const send = () => {
    const now = afterNow();
    const time = at.trim() === "" ? written(now) : at.trim();
    const recipients = to.split(/[\s,]+/).filter((address) => address !== "");
    void ask({ change: { do: "mail", from, to: recipients, at: time, size } }, at.trim() === "" ? now : null);
  };
  return (
    <details id="live-mail">
      <summary>Add a message</summary>
      <Form id="live-mail-form" label="Add a message" onSend={send}>
        <datalist id="live-addresses">
          {live!.addresses.map((address) => <option value={address} />)}
        </datalist>
        <label>
          From{" "}
          <input list="live-addresses" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label>
          To{" "}
          <input list="live-addresses" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <label>
          At{" "}
          <input
            size={10}
            value={at}
            placeholder="time shown"
            onInput={(event) => setAt(event.currentTarget.value)}
          />
        </label>
        <label>
          Size{" "}
          <input size={7} value={size} onInput={(event) => setSize(event.currentTarget.value)} />
        </label>
        <button id="live-mail-send" disabled={busy.value}>Add it</button>
      </Form>
    </details>
  );
}

function OtherForm() {
  const [argument, setArgument] = useState("");
  const [option, setOption] = useState("set");
  return (
    <details id="live-other">
      <summary>Any other change</summary>
      <Form
        id="live-other-form"
        label="Any other change"
        onSend={() => void ask({ change: { do: option, argument } })}
      >
        <label>
          Option{" "}
          <select value={option} onChange={(event) => setOption(event.currentTarget.value)}>
            <option value="set">--set</option>
            <option value="unset">--unset</option>
          </select>
        </label>
        <label>
          {option === "set" ? "PATH=VALUE" : "PATH"}{" "}
          <input
            size={34}
            value={argument}
            placeholder={option === "set" ? "outage.0.for=2h" : "outage.0"}
            onInput={(event) => setArgument(event.currentTarget.value)}
          />
        </label>
        <button id="live-other-send" disabled={busy.value}>Change it</button>
      </Form>
    </details>
  );
}

function Copy({ text, what }: { text: string; what: string }) {
  return (
    <button
      type="button"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => (said.value = `Copied: ${what}.`),
          () => (problem.value = "The browser does not let the page copy; select the text instead."),
        );
      }}
    >
      Copy {what}
    </button>
  );
}

function Changes() {
  const { changes, undone, command } = live!;
  const entries = changes.map((change) => change.entry).filter((entry) => entry !== "").join("\n");
  return (
    <>
      <div class="row">
        <button type="button" id="live-undo" disabled={busy.value || changes.length === 0} onClick={() => void ask("undo")}>
          ↶ Undo
        </button>
        <button type="button" id="live-redo" disabled={busy.value || undone.length === 0} onClick={() => void ask("redo")}>
          ↷ Redo
        </button>
        <button type="button" id="live-reset" disabled={busy.value || changes.length === 0} onClick={() => void ask("reset")}>
          Undo all
        </button>
        <a href="/scenario.toml" download>Download the scenario as it is now</a>
        {live!.saveTo !== null && (
          <button type="button" id="live-save" disabled={busy.value} onClick={() => void save()}>
            Save to {live!.saveTo}
          </button>
        )}
      </div>
      {changes.length === 0 ? (
        <p>
          Nothing is changed yet. Click a host or a line between hosts to take it down from the time
          shown on.
        </p>
      ) : (
        <ol>
          {changes.map((change) => (
            <li>
              {change.title}
              {change.entry === "" ? (
                change.arguments.map((argument) => <pre>{argument}</pre>)
              ) : (
                <pre>{change.entry}</pre>
              )}
            </li>
          ))}
        </ol>
      )}
      <p>The command that gives this run:</p>
      <pre class="command">{command}</pre>
      <div class="row">
        <Copy text={command} what="the command" />
        {entries !== "" && <Copy text={entries} what="the entries" />}
      </div>
    </>
  );
}

/** Why something was not done; brought into sight, wherever it was asked for. */
function Problem({ text }: { text: string }) {
  const place = useRef<HTMLPreElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [text]);
  return <pre ref={place} class="problem">{text}</pre>;
}

/** What was changed, what more can be, and how to keep it. */
export function LivePanel() {
  if (!live) return null;
  const inForce = live.outages.filter(isInForce);
  return (
    <section id="live-panel" class="live panel" tabIndex={-1} aria-label="Live controls" aria-busy={busy.value}>
      <h2>Change the run</h2>
      <p role="status" class="said">
        {busy.value ? "Computing the run again … " : said.value}
      </p>
      {busy.value && !embedded && <button type="button" onClick={() => void cancel()}>Stop</button>}
      <div role="alert">{problem.value !== "" && <Problem text={problem.value} />}</div>
      <div class="columns">
        <div>
          {inForce.length > 0 && <h3>Out of order at the time shown</h3>}
          <EndButtons outages={inForce.slice(0, 12)} />
          <h3>More</h3>
          <MailForm />
          <OtherForm />
        </div>
        <div>
          {embedded ? (
            <p>What is changed here is written into the scenario, where Undo takes it back.</p>
          ) : (
            <>
              <h3>Changes to {live.file}: {live.changes.length}</h3>
              <Changes />
            </>
          )}
        </div>
      </div>
    </section>
  );
}

if (live) document.title = `${run.title || live.file} - mailsim, live`;
