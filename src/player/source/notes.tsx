// Narration: the latest remark, and the question that waits for a prediction.

import { answer, step } from "./clockwork";
import { asked, count, isPair, moments, tracks, waits } from "./store";
import { clock } from "./words";

const remarks = moments.flatMap(({ event }, index) => (event.kind === "note" ? [index] : []));

/** A text with what stands between backquotes as code. */
export function Prose({ text }: { text: string }) {
  return <>{text.split("`").map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part))}</>;
}

export function Narration() {
  const place = remarks.findLast((index) => index < count.value);
  const moment = place === undefined ? undefined : moments[place];
  if (moment?.event.kind !== "note") return null;
  const { text, ask, answer: answered } = moment.event.note;
  const open = asked.value !== null;
  const fresh = place === count.value - 1;
  return (
    <aside class={`narration${fresh ? " fresh" : ""}`} aria-label="Narration" tabIndex={0}>
      {isPair && moment.track > 0 && <p class="of">{tracks[moment.track]!.name}:</p>}
      {/* What was true when it was told need not be true for good. */}
      {text !== "" && <p>{!fresh && <small>{clock(moment.event.t).replace(/\.000$/, "")} · </small>}<Prose text={text} /></p>}
      {ask !== "" && <p class="ask"><strong>What do you expect?</strong> <Prose text={ask} /></p>}
      {ask !== "" && open && (
        <button
          type="button"
          onClick={() => {
            answer();
            // Without an answer in words the run shows it.
            if (answered === "") step();
          }}
        >
          Show the answer
        </button>
      )}
      {ask !== "" && !open && answered !== "" && <p class="answer"><Prose text={answered} /></p>}
      {waits.value && !open && <p class="hint">Play goes on when you press Go on.</p>}
    </aside>
  );
}
