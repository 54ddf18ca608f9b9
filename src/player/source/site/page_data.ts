// What a page of the site says of itself.

export interface Exercise {
  number: number;
  name: string;
  title: string;
  task: string;
  hints: string[];
}

export interface PageData {
  kind: "playground" | "lesson" | "exercise";
  /** The name that a file of it gets. */
  name: string;
  /** The scenario that it begins with. */
  text: string;
  exercise: Exercise | null;
}

declare global {
  /** What `scenarios.js` leaves behind: examples to begin with. */
  var mailsimScenarios: { group: string; name: string; title: string; text: string }[] | undefined;
}

export const page = JSON.parse(document.getElementById("page")!.textContent!) as PageData;
