// Narration: the latest remark, and the question that waits for a prediction.

import { asked, count, events, goTo } from "./store";

export function Narration() {
  const past = events.slice(0, count.value);
  const last = past.findLast((event) => event.kind === "note");
  if (!last || last.kind !== "note") return null;
  const { text, ask, answer } = last.note;
  const waits = asked.value !== null;
  return (
    <aside class="narration" aria-label="Narration">
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
