// Queues over time; a click or a drag on the chart moves the player.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { pause } from "./clockwork";
import { goToTime, now, run } from "./store";
import { clock } from "./words";

const STROKES = ["#1d5fa8", "#b3500f", "#2a7a3b", "#8a2f86", "#6b5b00", "#a01c33"];
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 2]];

/** Puts the samples of all hosts on one time axis. */
function table(): { hosts: string[]; data: uPlot.AlignedData } {
  const busiest = [...run.queues]
    .map(([host, samples]) => ({ host, samples, peak: Math.max(...samples.map(([, n]) => n)) }))
    .filter(({ peak }) => peak > 0)
    .sort((a, b) => b.peak - a.peak)
    .slice(0, STROKES.length);
  const times = [...new Set([0, ...busiest.flatMap(({ samples }) => samples.map(([t]) => t)), run.duration])];
  times.sort((a, b) => a - b);
  const columns = busiest.map(({ samples }) => {
    let at = 0;
    let value = 0;
    return times.map((t) => {
      while (at < samples.length && samples[at]![0] <= t) value = samples[at++]![1];
      return value;
    });
  });
  return { hosts: busiest.map(({ host }) => host), data: [times, ...columns] };
}

function shade(chart: uPlot): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = "rgba(170, 40, 40, 0.13)";
  for (const outage of run.outages) {
    const from = chart.valToPos(outage.from, "x", true);
    const to = chart.valToPos(Math.min(outage.to, run.duration), "x", true);
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
  }
  const here = chart.valToPos(now.value, "x", true);
  ctx.strokeStyle = "#111";
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
    const { hosts, data } = table();
    if (!place.current || hosts.length === 0) return;
    const size = () => ({ width: Math.max(280, place.current!.clientWidth), height: 220 });
    const chart = new uPlot(
      {
        ...size(),
        title: "Messages waiting, by host",
        scales: { x: { time: false, range: [0, run.duration] } },
        axes: [{ values: (_, ticks) => ticks.map((t) => clock(t).replace(".000", "")), space: 110 }, {}],
        series: [
          { label: "time", value: (_, t) => (t === null ? "" : clock(t)) },
          ...hosts.map((label, index) => ({
            label,
            stroke: STROKES[index]!,
            dash: DASHES[index]!,
            width: 2,
            paths: uPlot.paths.stepped!({ align: 1 }),
          })),
        ],
        cursor: { drag: { x: false, y: false } },
        hooks: { draw: [shade] },
      },
      data,
      place.current,
    );
    const brush = (event: PointerEvent) => {
      if (event.buttons === 0) return;
      pause();
      goToTime(chart.posToVal(event.offsetX, "x"));
    };
    chart.over.addEventListener("pointerdown", brush);
    chart.over.addEventListener("pointermove", brush);
    const follow = effect(() => {
      void now.value;
      chart.redraw(false);
    });
    const resize = new ResizeObserver(() => chart.setSize(size()));
    resize.observe(place.current);
    return () => {
      follow();
      resize.disconnect();
      chart.destroy();
    };
  }, []);
  return <div class="queues" ref={place} role="img" aria-label="Messages waiting over time, by host; the tables below have the numbers" />;
}
