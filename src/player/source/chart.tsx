// Queues over time; a click or a drag on the chart moves the player.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { pause } from "./clockwork";
import { duration, goToTime, isPair, now, tracks } from "./store";
import { clock } from "./words";

const STROKES = ["--accent", "--wait", "--good", "--note", "--bad", "--muted"];

/** Returns a colour of the palette as a canvas takes it. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
/** Distances of ticks on the axis of time [s]. */
const TICKS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 2]];

/** A line of the chart. */
interface Line {
  label: string;
  samples: [number, number][];
  peak: number;
  stroke: string;
  dash: number[];
}

/** Returns the busiest hosts. Of two runs each host has one colour, and the second run is dashed. */
function lines(): Line[] {
  const all = tracks.flatMap(({ name, run }, track) =>
    run.queues.map(([host, samples]) => {
      const peak = samples.reduce((most, [, n]) => Math.max(most, n), 0);
      return { host, track, label: isPair ? `${host}, ${name}` : host, samples, peak };
    }),
  );
  const busy = all.filter(({ peak }) => peak > 0).sort((a, b) => b.peak - a.peak);
  const hosts = [...new Set(busy.map(({ host }) => host))].slice(0, STROKES.length / tracks.length);
  return busy
    .filter(({ host }) => hosts.includes(host))
    .map(({ host, track, label, samples, peak }) => {
      const place = hosts.indexOf(host);
      return { label, samples, peak, stroke: colour(STROKES[place]!), dash: isPair ? (track === 0 ? [] : [7, 5]) : DASHES[place]! };
    });
}

/** Puts the samples of all lines on one time axis. */
function table(drawn: Line[]): uPlot.AlignedData {
  const times = [...new Set([0, ...drawn.flatMap(({ samples }) => samples.map(([t]) => t)), duration])];
  times.sort((a, b) => a - b);
  const columns = drawn.map(({ samples }) => {
    let at = 0;
    let value = 0;
    return times.map((t) => {
      while (at < samples.length && samples[at]![0] <= t) value = samples[at++]![1];
      return value;
    });
  });
  return [times, ...columns];
}

function shade(chart: uPlot): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = "rgba(170, 40, 40, 0.13)";
  const each = bbox.height / tracks.length;
  tracks.forEach(({ run }, track) => {
    for (const outage of run.outages) {
      const from = chart.valToPos(outage.from, "x", true);
      const to = chart.valToPos(Math.min(outage.to, duration), "x", true);
      ctx.fillRect(from, bbox.top + track * each, to - from, each);
    }
  });
  const here = chart.valToPos(now.value, "x", true);
  ctx.strokeStyle = colour("--ink");
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(here, bbox.top);
  ctx.lineTo(here, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

export function QueueChart() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawn = lines();
    if (!place.current || drawn.length === 0) return;
    const size = () => ({ width: Math.max(280, place.current!.clientWidth), height: 220 });
    const lined = { stroke: colour("--ink"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
    const chart = new uPlot(
      {
        ...size(),
        title: "Messages waiting, by host",
        scales: { x: { time: false, range: [0, duration] } },
        axes: [{ values: (_, ticks) => ticks.map((t) => clock(t).replace(".000", "")), space: 110, incrs: [0.001, 0.01, 0.1, ...TICKS], ...lined }, lined],
        series: [
          { label: "time", value: (_, t) => (t === null ? "" : clock(t)) },
          ...drawn.map(({ label, stroke, dash }) => ({
            label,
            stroke,
            dash,
            width: 2,
            points: { show: false },
            paths: uPlot.paths.stepped!({ align: 1 }),
          })),
        ],
        // Values under the pointer, where there is one.
        legend: { live: matchMedia("(hover: hover)").matches },
        cursor: { drag: { x: false, y: false } },
        hooks: { draw: [shade] },
      },
      table(drawn),
      place.current,
    );
    const brush = (event: PointerEvent) => {
      if (event.buttons === 0) return;
      pause();
      goToTime(chart.posToVal(event.offsetX, "x"));
    };
    chart.over.addEventListener("pointerdown", brush);
    chart.over.addEventListener("pointermove", brush);
    // Below the screen it is drawn when it comes into view.
    const inView = signal(false);
    const watch = new IntersectionObserver((seen) => (inView.value = seen.at(-1)!.isIntersecting));
    watch.observe(place.current);
    const follow = effect(() => {
      void now.value;
      if (inView.value) chart.redraw(false);
    });
    const resize = new ResizeObserver(() => chart.setSize(size()));
    resize.observe(place.current);
    return () => {
      follow();
      watch.disconnect();
      resize.disconnect();
      chart.destroy();
    };
  }, []);
  return <div class="queues" ref={place} role="img" aria-label="Messages waiting over time, by host; the tables below have the numbers" />;
}
