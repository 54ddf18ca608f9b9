// The list of events: what has happened, the latest marked, with a filter.

import { computed, signal } from "@preact/signals";
import { memo } from "./memo";
import { useEffect, useRef } from "preact/hooks";
import { jump } from "./clockwork";
import { concerns } from "./run";
import { clock, told, tone } from "./words";
import {
  count,
  filter,
  isPair,
  moments,
  select,
  selectedHost,
  selectedMessage,
  tracks,
} from "./store";

/** So many rows stand in the page at once. */
const SHOWN = 120;

/** Whether events that are still to come are listed: they give the answer away. */
const future = signal(false);

/** Whether the list is unfolded: what nobody sees is not drawn. */
const unfolded = signal(false);

/** What the filter looks into; worked out when it is first used. */
let spelt: string[] | null = null;

function spellings(): string[] {
  spelt ??= moments.map(({ event, track }) =>
    `${isPair ? tracks[track]!.name : ""} ${"id" in event ? event.id : ""} ${told(event)}`.toLowerCase(),
  );
  return spelt;
}

/** Positions of the events that pass the filter and concern what is selected. */
const chosen = computed(() => {
  const text = filter.value.trim().toLowerCase();
  const [message, host] = [selectedMessage.value, selectedHost.value];
  const kept: number[] = [];
  const end = future.value ? moments.length : count.value;
  moments.slice(0, end).forEach(({ event }, index) => {
    if (text !== "" && !spellings()[index]!.includes(text)) return;
    if (message !== null && !("id" in event && event.id === message)) return;
    if (host !== null && !concerns(event, host)) return;
    kept.push(index);
  });
  return kept;
});

/** A row never changes, but for where the player stands. */
interface Standing {
  index: number;
  current: boolean;
  future: boolean;
}

const Row = memo(({ index, current, future }: Standing) => {
  const { event, track } = moments[index]!;
  const { name, sign } = tone(event);
  return (
    <li class={`${name}${future ? " future" : ""}`}>
      <button
        type="button"
        aria-current={current ? "step" : undefined}
        onClick={() => {
          jump(index + 1);
          if ("id" in event) select({ message: event.id });
        }}
      >
        <span class="sign" aria-hidden="true">{sign}</span>
        <time>{clock(event.t)}</time>
        <span>
          {isPair && <i class={`run run-${track + 1}`}>{tracks[track]!.name}</i>}
          {"id" in event && <b>{event.id} </b>}
          {told(event)}
        </span>
      </button>
    </li>
  );
});

export function EventList() {
  const list = useRef<HTMLOListElement>(null);
  const isOpen = unfolded.value;
  const all = chosen.value;
  const after = all.findIndex((index) => index >= count.value);
  const here = after === -1 ? all.length : after;
  const from = Math.max(0, Math.min(here - SHOWN / 2, all.length - SHOWN));
  const rows = isOpen ? all.slice(from, from + SHOWN) : [];
  useEffect(() => {
    const marked = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (!marked || !list.current) return;
    const { offsetTop } = marked;
    list.current.scrollTop = offsetTop - list.current.clientHeight / 2;
  }, [isOpen, count.value, filter.value, selectedHost.value, selectedMessage.value]);
  return (
    <details class="events" id="all-events" open={isOpen} onToggle={(event) => (unfolded.value = event.currentTarget.open)}>
      <summary>All events so far: {all.length}</summary>
      <div class="head">
        <label>
          Find{" "}
          <input
            type="search"
            value={filter.value}
            placeholder="host, address, word"
            onInput={(event) => (filter.value = event.currentTarget.value)}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={future.value}
            onInput={(event) => (future.value = event.currentTarget.checked)}
          />{" "}
          show what is still to come
        </label>
      </div>
      <ol ref={list} tabIndex={0} aria-label="What happened, in order">
        {rows.map((index) => (
          <Row key={index} index={index} current={index === count.value - 1} future={index >= count.value} />
        ))}
      </ol>
    </details>
  );
}
