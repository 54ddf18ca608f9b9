// The play, in a frame of its own that can do nothing but play: it asks for changes by messages.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { page } from "./page_data";
import { change, document_ } from "./state";

/** Least height of the play [px], and what is left free below it. */
const LEAST_HEIGHT = 560;
const BELOW = 8;

export function Frame() {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const hear = async ({ source, data }: MessageEvent) => {
      const inside = frame.current?.contentWindow;
      if (!inside || source !== inside || typeof data !== "object" || data === null) return;
      if (data.mailsim === "ready") {
        const { at, kept } = document_.value;
        inside.postMessage({ mailsim: "kept", at, kept, bare: page.kind !== "playground" }, "*");
      } else if (data.mailsim === "change" && typeof data.change === "object") {
        const at = typeof data.at === "number" ? data.at : null;
        const problem = await change(data.change as Record<string, unknown>, at, data.kept);
        // Where the change was made, the frame holds another page by now.
        if (problem !== "") inside.postMessage({ mailsim: "problem", problem }, "*");
      }
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  const { html } = document_.value;
  // It takes what is left of the screen below it.
  useLayoutEffect(() => {
    const fit = () => {
      const box = frame.current;
      if (!box || box.offsetParent === null) return;
      const top = box.getBoundingClientRect().top + scrollY;
      box.style.height = `${Math.max(LEAST_HEIGHT, innerHeight - top - BELOW)}px`;
    };
    fit();
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  });
  if (html === "") return <p class="empty">Nothing was run yet: press Run.</p>;
  return <iframe ref={frame} title="The play of the run" sandbox="allow-scripts allow-forms allow-downloads" srcdoc={html} />;
}
