// Figures of the run that is shown beside those of the run before it.

import { useState } from "preact/hooks";
import { former, shown } from "./state";

/** The figures that are told first, in words. */
const FIRST: [name: string, words: string, unit: "" | "s" | "%"][] = [
  ["mail.submitted", "Submitted", ""],
  ["mail.delivered", "Delivered", ""],
  ["mail.failed", "Failed", ""],
  ["delivered_share", "Share delivered", "%"],
  ["created.failure_notice.submitted", "Failure notices", ""],
  ["attempts.tries", "Tries", ""],
  ["submission_to_delivery.mean", "Mean time to delivery", "s"],
  ["submission_to_delivery.p95", "95 % delivered within", "s"],
  ["submission_to_delivery.max", "Slowest delivery", "s"],
  ["hops.mean", "Mean hops", ""],
  ["duplicates", "Duplicates", ""],
];

function spelt(value: number | null | undefined, unit: string): string {
  if (value === undefined) return "";
  if (value === null) return "did not happen";
  if (unit === "%") return `${(value * 100).toFixed(2)} %`;
  if (unit !== "s") return Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(4);
  const whole = Math.floor(value);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (value < 60) return `${value.toPrecision(3)} s`;
  return parts[0]! > 0 ? `${parts[0]} h ${parts[1]} min ${parts[2]} s` : `${parts[1]} min ${parts[2]} s`;
}

export function FigureTable() {
  const [all, setAll] = useState(false);
  const run = shown.value;
  if (!run) return <p class="empty">Figures appear when something was run.</p>;
  const now = new Map(run.figures);
  const before = former.value && new Map(former.value.figures);
  const rows = all
    ? run.figures.map(([name]): [string, string, string] => [name, name, ""])
    : FIRST.filter(([name]) => now.has(name));
  return (
    <>
      <table class="figures">
        <thead>
          <tr><th scope="col">Figure</th>{before && <th scope="col">Before</th>}<th scope="col">Now</th></tr>
        </thead>
        <tbody>
          {rows.map(([name, words, unit]) => {
            const [old, value] = [before?.get(name), now.get(name)];
            const differs = before !== null && old !== value;
            return (
              <tr key={name} class={differs ? "differs" : ""}>
                <th scope="row" title={name}>{words}</th>
                {before && <td>{spelt(old, unit)}</td>}
                <td>{spelt(value, unit)}{differs && <span class="hidden"> (changed)</span>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <label class="all">
        <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /> All {run.figures.length} figures
      </label>
    </>
  );
}

export function Expectations() {
  const verdicts = shown.value?.expectations ?? [];
  if (verdicts.length === 0) return null;
  return (
    <ul class="verdicts">
      {verdicts.map(({ met, told }) => (
        <li class={met ? "met" : "unmet"}><span aria-hidden="true">{met ? "✓" : "✗"}</span> {told}</li>
      ))}
    </ul>
  );
}
