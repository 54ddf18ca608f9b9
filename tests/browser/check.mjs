// Opens pages in chromium and holds what they show against what the tables say.
//
// Usage: node check.mjs CHROMIUM MANIFEST. The manifest is a JSON array of pages; what is wrong
// goes to standard output, a line each, and makes the exit status 1.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, manifest] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(manifest, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths at which nothing may stick out: a laptop, a phone, and the laptop at 200 % zoom. */
const SIZES = [
  { name: "1280 px", viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  { name: "390 px", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  { name: "200 % zoom", viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 },
];
/** So many steps are made one by one. */
const STEPS = 200;
/** A page has to be there within this time [ms]: generous, as the machine may be busy. */
const PATIENCE = 30_000;

let wrong = 0;
function complain(page, size, what) {
  wrong += 1;
  console.log(`${page.name}, ${size.name}: ${what}`);
}

async function reading(tab) {
  return tab.evaluate(() => {
    const [, count, all] = document.querySelector(".controls .reading").textContent.match(/event (\d+) of (\d+)/);
    const runs = [...document.querySelectorAll(".counts")].map(({ dataset }) => ({
      delivered: Number(dataset.delivered),
      given_up: Number(dataset.givenUp),
      open: Number(dataset.open),
    }));
    return { count: Number(count), all: Number(all), runs };
  });
}

/** Clicks a button of the player again and again; returns how often the page had moved. */
async function clicks(tab, label, times) {
  return tab.evaluate(
    async ({ label, times }) => {
      const find = () => [...document.querySelectorAll(".controls button")].find((one) => one.textContent.includes(label));
      const shown = () => document.querySelector(".controls .reading").textContent.match(/event (\d+)/)[1];
      let moved = 0;
      for (let turn = 0; turn < times; turn++) {
        const before = shown();
        find().click();
        await new Promise((done) => setTimeout(done, 0));
        if (shown() !== before) moved += 1;
      }
      return moved;
    },
    { label, times },
  );
}

/** Asks axe about a part of the page. */
async function accessible(tab, complain, where, part) {
  const found = await tab.evaluate(async (part) => {
    const { violations } = await window.axe.run(part, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(" ; ")}`);
  }, part);
  for (const one of found) complain(`${where}: axe finds ${one}`);
}

async function fits(tab, complain, where) {
  const [wide, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide > room) complain(`${where}: ${wide} px stand in ${room}: ${await widest(tab)}`);
}

/** Plays a page from its start to its end and back. */
async function play(tab, page, complain) {
  const start = await reading(tab);
  if (start.count !== 0) complain(`begins at event ${start.count}`);
  if (start.runs.length !== page.runs.length) complain(`tells of ${start.runs.length} runs`);
  const steps = Math.min(STEPS, start.all);
  const forward = await clicks(tab, "Step", steps);
  if (forward !== steps) complain(`${forward} of ${steps} steps lead on`);
  await tab.keyboard.press("End");
  const end = await reading(tab);
  if (end.count !== end.all) complain(`ends at event ${end.count} of ${end.all}`);
  if (!page.capped && JSON.stringify(end.runs) !== JSON.stringify(page.runs)) {
    complain(`shows ${JSON.stringify(end.runs)} at the end, the tables say ${JSON.stringify(page.runs)}`);
  }
  const back = await clicks(tab, "Back", Math.min(50, end.all));
  if (back !== Math.min(50, end.all)) complain(`only ${back} steps lead back`);
  await tab.keyboard.press("Home");
  const again = await reading(tab);
  if (again.count !== 0 || JSON.stringify(again.runs) !== JSON.stringify(start.runs)) {
    complain(`is back at event ${again.count} with ${JSON.stringify(again.runs)}`);
  }
}

/** Opens a message by its deep link at the end of the run: every card says how it ended. */
async function message(tab, page, complain) {
  if (!page.message) return;
  const { id, said } = page.message;
  await tab.evaluate((hash) => { location.hash = hash; }, `#t=1e12&message=${id}`);
  const shown = (heading) => document.querySelector(".details h2")?.textContent === heading;
  await tab.waitForFunction(shown, `Message ${id}`).catch(() => complain(`message ${id} does not open`));
  const cards = await tab.locator(".details").allInnerTexts();
  for (const card of cards) {
    if (!card.includes(`Message ${id}`)) complain(`the card does not tell of message ${id}`);
  }
  said.forEach((text, place) => {
    if (!cards[place]?.includes(text)) complain(`the card of message ${id} does not say “${text}”`);
  });
}

/** A question waits for an answer, and the answer comes. */
async function questions(tab, page, complain) {
  if (page.asks === 0) return;
  await tab.keyboard.press("Home");
  let asked = 0;
  const all = (await reading(tab)).all;
  for (let turn = 0; turn < Math.min(STEPS, all); turn++) {
    await tab.keyboard.press("ArrowRight");
    const answer = tab.getByRole("button", { name: "Show the answer" });
    if ((await answer.count()) === 0) continue;
    asked += 1;
    await answer.click();
  }
  if (all <= STEPS && asked !== page.asks) complain(`${asked} of ${page.asks} questions were asked`);
}

/** What a class looks at stands on one screen: picture, sentence, note and conversation. */
async function onOneScreen(tab, complain) {
  const out = await tab.evaluate(() => {
    scrollTo(0, 0);
    const parts = [".controls", ".latest", ".picture .network-frame", ".telling"];
    return parts.flatMap((part) => {
      const { bottom } = document.querySelector(part).getBoundingClientRect();
      return bottom > innerHeight + 1 ? [`${part} ends at ${Math.round(bottom)} of ${innerHeight} px`] : [];
    });
  });
  for (const one of out) complain(`not on one screen: ${one}`);
}

/** Least time that what is on its way is seen at the first pace [ms]: what repeats may be short. */
const SEEN = 500;

/**
 * From so many events on a reader sets a faster pace, which is this power of two. How long a flight is
 * seen is then not looked at: it is of the length of a few frames of the screen.
 */
const MANY = 300;
const FASTER = 4;

/**
 * Plays a page with the button as the only control, on a clock that the test moves: every note waits
 * until it is pressed, and whatever is on its way arrives before its effect is told.
 */
async function follow(browser, page, size, complain) {
  const { context, tab } = await opened(browser, page, size, "no-preference", complain, true);
  await tab.evaluate(() => {
    const log = (window.seen = []);
    const look = () => {
      const count = Number(document.querySelector(".controls .reading").textContent.match(/event (\d+)/)[1]);
      const flight = document.querySelector(".network").dataset.flight ?? null;
      const last = log.at(-1);
      if (last?.count === count && last.flight === flight) return;
      log.push({ at: performance.now(), count, flight });
    };
    const whole = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document.getElementById("player"), whole);
    look();
  });
  let waited = 0;
  let ended = false;
  const faster = (await reading(tab)).all > MANY ? FASTER : 0;
  await tab.getByLabel("Pace").evaluate((slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, faster);
  for (let turn = 0; turn < 3000 && !ended; turn++) {
    const label = await tab.textContent(".play");
    if (!label.includes("Pause")) {
      if (label.includes("Go on")) waited += 1;
      const { count, all } = await reading(tab);
      ended = count === all;
      if (!ended) await tab.click(".play");
    }
    await tab.clock.runFor(2000);
  }
  if (!ended) complain("does not come to its end by the Play button alone");
  const seen = await tab.evaluate(() => window.seen);
  let flights = 0;
  seen.forEach(({ at, count, flight }, place) => {
    if (flight === null) return;
    flights += 1;
    const next = seen[place + 1];
    if (Number(flight) !== count) complain(`event ${flight} is on its way while ${count} have happened`);
    if (next?.count !== count + 1) complain(`event ${flight} is cut off on its way`);
    if (next && faster === 0 && next.at - at < SEEN) complain(`event ${flight} is seen for ${Math.round(next.at - at)} ms only`);
  });
  if (page.moves && flights === 0) complain("nothing is ever on its way");
  // The last note may be the last event: nobody has to go on from there.
  if (waited !== page.notes && waited !== page.notes - 1) complain(`waits at ${waited} of ${page.notes} notes`);
  await context.close();
}

/** Whether anything moves while the first tries are stepped through. */
async function moves(tab) {
  return tab.evaluate(async () => {
    const step = () => [...document.querySelectorAll(".controls button")].find((one) => one.textContent.includes("Step"));
    for (let turn = 0; turn < 60 && !step().disabled; turn++) {
      step().click();
      // On a busy machine the step is not drawn at once.
      for (let look = 0; look < 40; look++) {
        await new Promise((done) => setTimeout(done, 5));
        if (document.getAnimations().length > 0) return true;
      }
    }
    return false;
  });
}

/** What stands furthest to the right, for whoever has to mend it. */
async function widest(tab) {
  return tab.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const scrolls = (one) => one !== null && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
    const out = [...document.querySelectorAll("main *")].filter(
      (one) => one.getBoundingClientRect().right > room + 1 && !scrolls(one.parentElement),
    );
    return out.slice(0, 3).map((one) => one.outerHTML.slice(0, 80)).join(" ; ");
  });
}

async function opened(browser, page, size, reducedMotion, complain, ownClock = false) {
  const { viewport, deviceScaleFactor } = size;
  const context = await browser.newContext({ viewport, deviceScaleFactor, reducedMotion });
  context.setDefaultTimeout(PATIENCE);
  const tab = await context.newPage();
  if (ownClock) await tab.clock.install({ time: 0 });
  const requests = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("console", (line) => {
    if (line.type() === "error") complain(`the console says ${line.text()}`);
  });
  tab.on("pageerror", (error) => complain(`the script fails: ${error.message}`));
  await tab.goto(pathToFileURL(page.file).href, { waitUntil: "load" });
  await tab.waitForSelector(".controls .reading");
  await tab.evaluate(axe);
  return { context, tab, requests };
}

async function check(browser, page, size) {
  const say = (what) => complain(page, size, what);
  const { context, tab, requests } = await opened(browser, page, size, "no-preference", say);
  const first = size === SIZES[0];
  await fits(tab, say, "at the start");
  if (first && page.lesson) await onOneScreen(tab, say);
  if (first) await accessible(tab, say, "at the start", "html");
  await tab.keyboard.press("End");
  await message(tab, page, say);
  await fits(tab, say, "with a message");
  await accessible(tab, say, "with a message", ".player");
  await tab.locator(".network .node").first().focus();
  await tab.keyboard.press("Enter");
  await fits(tab, say, "with a host");
  if (first) {
    await accessible(tab, say, "with a host", ".player");
    await tab.keyboard.press("Home");
    if (page.moves && !(await moves(tab))) say("nothing moves");
    await withoutMotion(browser, page, size, say);
    if (page.lesson) await follow(browser, page, size, say);
  }
  if (requests.length !== 1) say(`asked for ${requests.length} files: ${requests.join(" ")}`);
  await context.close();
}

/** Where motion is unwelcome each step is there at once. */
async function withoutMotion(browser, page, size, say) {
  const { context, tab } = await opened(browser, page, size, "reduce", say);
  await play(tab, page, say);
  await questions(tab, page, say);
  await tab.keyboard.press("Home");
  if (await moves(tab)) say("something moves although motion is unwelcome");
  await context.close();
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
const jobs = pages.flatMap((page) => SIZES.map((size) => ({ page, size })));
const work = async () => {
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    const { page, size } = job;
    await check(browser, page, size).catch((error) => complain(page, size, error.message));
  }
};
await Promise.all(Array.from({ length: 3 }, work));
await browser.close();
console.log(`${pages.length} pages at ${SIZES.length} sizes`);
process.exit(wrong === 0 ? 0 : 1);
