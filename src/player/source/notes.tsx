// Narration: the latest remark, and the question that waits for a prediction.

import { asked, count, goTo, isPair, moments, tracks } from "./store";

const remarks = moments.flatMap(({ event }, index) => (event.kind === "note" ? [index] : []));

export function Narration() {
  const place = remarks.findLast((index) => index < count.value);
  const moment = place === undefined ? undefined : moments[place];
  if (moment?.event.kind !== "note") return null;
  const { text, ask, answer } = moment.event.note;
  const waits = asked.value !== null;
  return (
    <aside class="narration" aria-label="Narration">
      {isPair && moment.track > 0 && <p class="of">{tracks[moment.track]!.name}:</p>}
      {text !== "" && <p>{text}</p>}
      {ask !== "" && <p class="ask"><strong>What do you expect?</strong> {ask}</p>}
      {ask !== "" && waits && (
        <button
          type="button"
          onClick={() => {
            asked.value = null;
            if (answer === "") goTo(count.value + 1);
          }}
        >
          Show the answer
        </button>
      )}
      {ask !== "" && !waits && answer !== "" && <p class="answer">{answer}</p>}
    </aside>
  );
}
