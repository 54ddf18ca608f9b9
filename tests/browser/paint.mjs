// How soon a page of the site shows something, with the processor throttled four times; wanted is 1 s at most.
// By hand, on a machine that does nothing else:
//
//   mailsim site output/site && node tests/browser/paint.mjs chromium output/site
//
// Five visits of each kind of page, each with an empty cache; the medians are printed, and a slower one makes
// the exit status 1.

import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [program, site] = process.argv.slice(2);
const WANTED = 1000;
const first = (folder) => `${folder}/${readdirSync(join(site, folder)).sort()[0]}`;

const browser = await chromium.launch({
  executablePath: program.includes("/") ? program : `/usr/bin/${program}`,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
let slow = 0;
for (const page of ["index.html", first("lessons"), first("exercises"), "playground.html", "manual.html"]) {
  const paints = [];
  for (let visit = 0; visit < 5; visit++) {
    const context = await browser.newContext();
    const tab = await context.newPage();
    const session = await context.newCDPSession(tab);
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await tab.goto(pathToFileURL(resolve(site, page)).href, { waitUntil: "load" });
    const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    await tab.waitForFunction(paint);
    paints.push(await tab.evaluate(paint));
    await context.close();
  }
  const median = paints.sort((a, b) => a - b)[2];
  if (median > WANTED) slow += 1;
  console.log(`${page}: ${Math.round(median)} ms (${paints.map(Math.round).join(", ")})`);
}
await browser.close();
process.exit(slow === 0 ? 0 : 1);
