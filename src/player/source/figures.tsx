// What is drawn for each sort of host, and for what travels: figures that need no legend.

import { isPerson } from "./people";
import type { Host, Run } from "./run";

/** Side of a figure in units of the drawing. */
export const FIGURE = 28;

/** Returns the sort of figure that stands for a host. */
function sortOf(host: Host, run: Run): "person" | "directory" | "proxy" | "store" | "server" {
  if (isPerson(run, host.name)) return "person";
  if (host.roles.includes("dns")) return "directory";
  if (host.roles.includes("proxy")) return "proxy";
  return host.roles.includes("store") ? "store" : "server";
}

/** A head and shoulders. */
export function Person() {
  return (
    <g class="figure">
      <circle cx="14" cy="8.5" r="6" />
      <path d="M2.5 27 C2.5 18.5 8 16.5 14 16.5 S25.5 18.5 25.5 27 Z" />
    </g>
  );
}

/** A book that is looked into. */
export function Directory() {
  return (
    <g class="figure">
      <path d="M3 4 C8 2 11 3 14 6 C17 3 20 2 25 4 V24 C20 22 17 23 14 26 C11 23 8 22 3 24 Z" />
      <path class="detail" d="M14 6 V26" />
    </g>
  );
}

/** Two slabs of a rack; one that keeps mailboxes has a drawer with a letter in it. */
function Rack({ drawer }: { drawer: boolean }) {
  return (
    <g class="figure">
      <rect x="3" y="2" width="22" height="11" rx="2" />
      <rect x="3" y="15" width="22" height="11" rx="2" />
      <path class="detail" d="M7 7.5 H9 M12 7.5 H21" />
      <path class="detail" d={drawer ? "M8 18 L14 22.5 L20 18 M8 18 H20 V23.5 H8 Z" : "M7 20.5 H9 M12 20.5 H21"} />
    </g>
  );
}

/** A door with a way through it. */
function Door() {
  return (
    <g class="figure">
      <path d="M5 26 V3 H23 V26 Z" />
      <path class="detail" d="M1 14.5 H27 M22 10.5 L27 14.5 L22 18.5" />
    </g>
  );
}

export function Figure({ host, run }: { host: Host; run: Run }) {
  const sort = sortOf(host, run);
  if (sort === "person") return <Person />;
  if (sort === "directory") return <Directory />;
  if (sort === "proxy") return <Door />;
  return <Rack drawer={sort === "store"} />;
}

/** A letter; with a sign instead of the flap where it was not taken. */
export function Letter({ mark }: { mark: string }) {
  return (
    <>
      <rect x="-17" y="-12" width="34" height="24" rx="3" />
      {mark === "✉" ? <path class="flap" d="M-17 -9 L0 3 L17 -9" /> : <text y="6">{mark}</text>}
    </>
  );
}
