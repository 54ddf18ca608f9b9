// How fast a page is there, how long a step takes, and how much memory it needs: a bench that prints, as
// times are the machine's. The tests assert sizes and numbers of nodes (main.rs, check.mjs).
//
// Usage: node bench.mjs CHROMIUM report.html [...]
//
// Each page is opened five times from the disk, with the processor throttled four times, and the median
// is printed beside its limit. A step is a press on Step with what the page does until it is drawn.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node bench.mjs CHROMIUM report.html [...]");
  process.exit(2);
}

const RUNS = 5;
const SLOWER = 4;
/** So many steps are measured in each run; what one takes is their mean. */
const STEPS = 40;
/** First contentful paint [ms], script of a step [ms], memory [MB]. */
const LIMITS = { paint: 1000, step: 16, memory: 256 };

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Memory that the tab's process has for itself [MB]; nothing where the system does not tell. */
function ownMemory(pid) {
  try {
    const lines = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm);
    return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1024;
  } catch {
    return NaN;
  }
}

async function measured(file) {
  // A browser of its own for each run, so that nothing is warm and the tab has its process for itself.
  const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  const whole = await browser.newBrowserCDPSession();
  const tab = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  const session = await tab.context().newCDPSession(tab);
  // Time that the tab's thread is at work, so that other programs of the machine do not count.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await tab.goto(pathToFileURL(file).href, { waitUntil: "load" });
  await tab.waitForSelector(".controls .reading");
  const paint = await tab.evaluate(
    () =>
      new Promise((done) => {
        const told = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
        const look = () => (told() === undefined ? setTimeout(look, 20) : done(told()));
        look();
      }),
  );
  const script = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ScriptDuration").value * 1000;
  const before = await script();
  // In one go, so that what the bench itself does is not counted with each step.
  const made = await tab.evaluate(async (most) => {
    const step = [...document.querySelectorAll(".controls button")].find((one) => one.textContent.includes("Step"));
    for (let turn = 0; turn < most; turn++) {
      if (step.disabled) return turn;
      step.click();
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    }
    return most;
  }, STEPS);
  const step = ((await script()) - before) / made;
  const nodes = await tab.evaluate(() => document.querySelectorAll("*").length);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const heap = (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "JSHeapUsedSize").value / 1e6;
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  const memory = Math.max(...processInfo.filter(({ type }) => type === "renderer").map(({ id }) => ownMemory(id)));
  await browser.close();
  return { paint, step, nodes, heap, memory };
}

console.log(`median of ${RUNS}, processor throttled ${SLOWER} times; limits: paint ${LIMITS.paint} ms, step ${LIMITS.step} ms, memory ${LIMITS.memory} MB`);
console.log("page                                paint     step   memory    heap   nodes");
for (const file of files) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measured(file));
  const of = (what) => median(runs.map((run) => run[what]));
  const name = file.replace(/\/report\.html$/, "").split("/").at(-1);
  const over = Object.entries(LIMITS).filter(([what, limit]) => of(what) > limit).map(([what]) => what);
  console.log(
    `${name.padEnd(34)} ${of("paint").toFixed(0).padStart(4)} ms ${of("step").toFixed(1).padStart(5)} ms ` +
      `${of("memory").toFixed(0).padStart(5)} MB ${of("heap").toFixed(0).padStart(3)} MB ${String(of("nodes")).padStart(6)}${over.length > 0 ? `  over the limit: ${over.join(", ")}` : ""}`,
  );
}
