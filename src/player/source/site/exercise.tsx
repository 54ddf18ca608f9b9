// An exercise: its task, hints one at a time, whether it is solved, and the code to hand in.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Verdict } from "./state";
import type { Exercise } from "./page_data";
import { editor, look, run, trouble } from "./state";

interface Graded {
  passed: boolean;
  verdicts: Verdict[];
  code: string;
}

const graded = signal<Graded | null>(null);
const said = signal("");

async function grade(exercise: Exercise): Promise<void> {
  said.value = "Checking …";
  await run();
  if (trouble.value !== "") {
    graded.value = null;
    said.value = "Not checked: the scenario does not run.";
    return;
  }
  const answer = await look({ ask: "grade", exercise: exercise.name, text: editor.value!.text() });
  if (answer["verdicts"] === undefined) {
    graded.value = null;
    said.value = answer.refused ?? "Not checked: the scenario has errors.";
    return;
  }
  graded.value = answer as unknown as Graded;
  said.value = graded.value.passed ? "Solved." : "Not solved yet.";
}

export function ExercisePanel({ exercise }: { exercise: Exercise }) {
  const [hints, setHints] = useState(0);
  const result = graded.value;
  return (
    <section class="exercise" aria-label="The task">
      <p class="task">{exercise.task}</p>
      <div class="row">
        <button type="button" class="check" onClick={() => void grade(exercise)}>Check my solution</button>
        {hints < exercise.hints.length && (
          <button type="button" onClick={() => setHints(hints + 1)}>
            Show {hints === 0 ? "a hint" : "the next hint"} ({hints + 1} of {exercise.hints.length})
          </button>
        )}
      </div>
      {hints > 0 && (
        <ol class="hints" aria-live="polite">
          {exercise.hints.slice(0, hints).map((hint) => <li>{hint}</li>)}
        </ol>
      )}
      <p role="status" class={`said ${result?.passed ? "met" : ""}`}>{said.value}</p>
      {result && (
        <>
          <ul class="verdicts">
            {result.verdicts.map(({ met, told }) => (
              <li class={met ? "met" : "unmet"}><span aria-hidden="true">{met ? "✓" : "✗"}</span> {told}</li>
            ))}
          </ul>
          <label class="code">
            Code to hand in
            <textarea readOnly rows={3} value={result.code} onFocus={(event) => event.currentTarget.select()} />
          </label>
        </>
      )}
    </section>
  );
}
