// Two runs: what became of the same mail in each, and how long it took.

import { select, selectedMessage, tracks } from "./store";
import { clock, span } from "./words";

/** How a recipient's copy fared in one run. */
interface Fate {
  state: string;
  /** From submission to the end in seconds; none: it was still under way. */
  took: number | null;
}

interface Pair {
  id: string;
  to: string;
  submitted: number;
  /** Missing where the message does not exist in that run. */
  fates: [Fate | null, Fate | null];
}

interface Differences {
  /** All recipients of mail in both runs. */
  recipients: number;
  /** Of those delivered in both: sooner in the second, later, and at the same time. */
  sooner: number;
  later: number;
  same: number;
  /** Of those that ended differently. */
  otherwise: number;
  /** The greatest differences first. */
  rows: Pair[];
}

const holder = document.getElementById("differences");
const told = holder ? (JSON.parse(holder.textContent!) as Differences) : null;

function fate(one: Fate | null): string {
  if (!one) return "not sent";
  const state = one.state.replaceAll("_", " ");
  return one.took === null ? state : `${state} after ${span(one.took)}`;
}

function difference([first, second]: Pair["fates"]): string {
  if (first?.state !== "delivered" || second?.state !== "delivered") return "";
  const by = second.took! - first.took!;
  if (Math.abs(by) < 1e-6) return "none";
  return `${span(Math.abs(by))} ${by < 0 ? "sooner" : "later"}`;
}

export function DifferenceTable() {
  if (!told) return null;
  const [first, second] = tracks.map(({ name }) => name) as [string, string];
  const numbers = (n: number) => n.toLocaleString("en");
  return (
    <section class="differences" aria-label="Differences">
      <h2>The same mail in both</h2>
      <p>
        Of {numbers(told.recipients)} recipients, {numbers(told.sooner)} have their mail sooner with “{second}”,{" "}
        {numbers(told.later)} later, {numbers(told.same)} at the same time; {numbers(told.otherwise)} ended
        otherwise.
      </p>
      {told.rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table of differences">
          <table>
            <caption>The greatest differences; all are in the tables of the folder</caption>
            <thead>
              <tr>
                <th scope="col">Message</th><th scope="col">Recipient</th><th scope="col">Submitted</th>
                <th scope="col">{first}</th><th scope="col">{second}</th><th scope="col">In the second</th>
              </tr>
            </thead>
            <tbody>
              {told.rows.map((pair) => (
                <tr class={pair.id === selectedMessage.value ? "selected" : ""}>
                  <td>
                    <button type="button" class="plain" onClick={() => select({ message: pair.id })}>{pair.id}</button>
                  </td>
                  <td>{pair.to}</td>
                  <td>{clock(pair.submitted)}</td>
                  <td>{fate(pair.fates[0])}</td>
                  <td>{fate(pair.fates[1])}</td>
                  <td>{difference(pair.fates)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
