// A page that is shown within the workbench of the site: it has no address and no store of its own, and asks
// for changes by messages.

/** Whether the page is shown so. */
export const embedded = location.protocol === "about:" && parent !== window;

/** What the workbench tells the page. */
export interface Heard {
  mailsim: "kept" | "problem";
  at?: number | null;
  kept?: unknown;
  problem?: string;
  /** Whether the title and the question stand beside the frame already. */
  bare?: boolean;
}

export function tell(message: Record<string, unknown>): void {
  parent.postMessage(message, "*");
}

export function hear(what: (heard: Heard) => void): void {
  if (!embedded) return;
  addEventListener("message", ({ source, data }) => {
    if (source === parent && typeof data === "object" && data !== null) what(data as Heard);
  });
}
