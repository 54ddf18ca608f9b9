// Opens pages in chromium and holds what they show against what the tables say.
//
// Usage: node check.mjs CHROMIUM MANIFEST [everywhere]. The manifest is a JSON array of pages; what is
// wrong goes to standard output, a line each, and makes the exit status 1. With `everywhere` each lesson
// is played on a projector and on a phone too.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, manifest, everywhere] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(manifest, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths at which nothing may stick out: a laptop, a projector, a phone, and the laptop at 200 % zoom. */
const SIZES = [
  { name: "1280 px", viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  { name: "1920 px", viewport: { width: 1920, height: 1080 }, deviceScaleFactor: 1 },
  { name: "390 px", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  { name: "200 % zoom", viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 },
];
/** So many steps are made one by one. */
const STEPS = 120;
/** Least height of a letter in the drawing [px]. */
const LEGIBLE = 10;
/** So much of the play's time passes before the test looks again whether it waits [ms]. */
const GLANCE = 12_000;
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
    // What is still fading in has the contrast of no finished page.
    for (const one of document.getAnimations()) {
      if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
    }
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
  const undated = await tab.locator(".narration:not(.fresh) > p:first-child:not(:has(small)):not(.ask):not(.of)").count();
  if (undated > 0) complain("a note of former times does not say when it was told");
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

/** What each copy's header says, and what each host holds, is what the tables say. */
async function heldAgainstTables(tab, page, complain) {
  const shown = await tab.evaluate(() =>
    [...document.querySelectorAll(".network .node")].map(({ dataset }) => ({ host: dataset.host, held: Number(dataset.held), stored: Number(dataset.stored) })),
  );
  for (const { host, held, stored } of shown) {
    const told = page.holds[host] ?? { held: 0, stored: 0 };
    if (held !== told.held) complain(`${held} wait at ${host}, the tables say ${told.held}`);
    if (stored !== told.stored) complain(`${stored} lie in the mailboxes of ${host}, the tables say ${told.stored}`);
  }
  for (const { id, to, received } of page.headers) {
    const found = await tab.evaluate(async ({ id, to }) => {
      location.hash = `#t=1e12&message=${id}`;
      for (let look = 0; look < 200; look++) {
        await new Promise((done) => setTimeout(done, 5));
        if (document.querySelector(".details h2")?.textContent === `Message ${id}`) break;
      }
      const headers = [...document.querySelectorAll(".details pre.header")].filter(({ dataset }) => dataset.to === to);
      return headers.map(({ textContent }) => textContent.match(/^Received:/gm)?.length ?? 0);
    }, { id, to });
    if (!found.includes(received)) complain(`the header of ${id} for ${to} has ${found} Received fields, the tables say ${received}`);
  }
}

/**
 * Points at times of a run whose stories are not all told: queues are as the table has them, and at the
 * end all mail is where it came to.
 */
async function standing(tab, page, complain) {
  const at = async (t) => {
    await tab.evaluate((hash) => { location.hash = hash; }, `#t=${t}`);
    const arrived = (t) => Number(document.querySelector(".scrubber input").value) >= Math.min(t, document.querySelector(".scrubber input").max) - 0.01;
    await tab.waitForFunction(arrived, t).catch(() => complain(`the page does not go to ${t} s`));
    const held = await tab.evaluate(() =>
      Object.fromEntries([...document.querySelectorAll(".network .node")].map(({ dataset }) => [dataset.host, Number(dataset.held)])),
    );
    const sentence = await tab.locator(".latest").innerText();
    return { held, sentence, runs: (await reading(tab)).runs };
  };
  for (const { t, waiting } of page.course) {
    const { held, sentence } = await at(t);
    for (const [host, count] of Object.entries(waiting)) {
      if (held[host] !== count) complain(`at ${t} s ${held[host]} wait at ${host}, the table says ${count}`);
    }
    if (!sentence.includes("of all mail")) complain(`at ${t} s the page says “${sentence}”`);
  }
  const { runs } = await at(1e12);
  if (JSON.stringify(runs) !== JSON.stringify(page.runs)) complain(`at the end shows ${JSON.stringify(runs)}, the tables say ${JSON.stringify(page.runs)}`);
}

/** On a phone the drawing is as wide as the screen, and its names can be read. */
async function legible(tab, complain) {
  const [wide, room, least] = await tab.evaluate(() => {
    const frame = document.querySelector(".network-frame");
    const heights = [...document.querySelectorAll(".network .node text")].map((text) => {
      return Number.parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
    });
    return [frame.scrollWidth, frame.clientWidth, Math.min(...heights)];
  });
  if (wide > room) complain(`the drawing is ${wide} px wide in ${room}`);
  if (least < LEGIBLE) complain(`letters of the drawing are ${least.toFixed(1)} px high`);
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
  let asked = 0;
  let ended = false;
  const faster = (await reading(tab)).all > MANY ? FASTER : 0;
  await tab.getByLabel("Pace").evaluate((slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, faster);
  for (let turn = 0; turn < 3000 && !ended; turn++) {
    const now = await tab.evaluate(() => {
      const button = document.querySelector(".play");
      const [, count, all] = document.querySelector(".controls .reading").textContent.match(/event (\d+) of (\d+)/);
      const label = button.textContent;
      const asks = document.querySelector(".narration.fresh button") !== null;
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      if (!label.includes("Pause") && count !== all) button.click();
      return { label, asks, wide, ended: count === all };
    });
    if (now.label.includes("Go on")) waited += 1;
    if (!now.label.includes("Pause") && now.asks) asked += 1;
    if (now.wide > 0) complain(`while it plays ${now.wide} px stick out`);
    ended = now.ended && !now.label.includes("Pause");
    if (!ended) await tab.clock.runFor(GLANCE);
  }
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
  // A last question is seen and not waited at.
  if (asked !== page.asks && asked !== page.asks - 1) complain(`${asked} of ${page.asks} questions wait for an answer`);
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
  if (page.lesson && size.viewport.width >= 1280) await onOneScreen(tab, say);
  if (page.lesson && size.name === "390 px") await legible(tab, say);
  if (first) await accessible(tab, say, "at the start", "html");
  await tab.keyboard.press("End");
  if (first && page.lesson && !page.capped) await heldAgainstTables(tab, page, say);
  if (first && page.capped) await standing(tab, page, say);
  await message(tab, page, say);
  await fits(tab, say, "with a message");
  if (first) await accessible(tab, say, "with a message", ".player");
  await tab.locator(".network .node").first().focus();
  await tab.keyboard.press("Enter");
  await fits(tab, say, "with a host");
  if (first) {
    await accessible(tab, say, "with a host", ".player");
    await tab.emulateMedia({ colorScheme: "dark" });
    // Colours change within a moment.
    await tab.waitForTimeout(500);
    await accessible(tab, say, "in the dark", "html");
    await tab.emulateMedia({ colorScheme: "light" });
    await tab.keyboard.press("Home");
    if (page.moves && !(await moves(tab))) say("nothing moves");
    await withoutMotion(browser, page, size, say);
  }
  const plays = first || (everywhere === "everywhere" && size.name !== "200 % zoom");
  if (page.lesson && plays) await follow(browser, page, size, say);
  if (requests.length !== 1) say(`asked for ${requests.length} files: ${requests.join(" ")}`);
  await context.close();
}

/** Where motion is unwelcome each step is there at once. */
async function withoutMotion(browser, page, size, say) {
  const { context, tab } = await opened(browser, page, size, "reduce", say);
  await play(tab, page, say);
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
// What takes longest comes first, so that nobody waits for it alone at the end.
const jobs = pages.flatMap((page) => SIZES.map((size) => ({ page, size })));
jobs.sort((a, b) => (b.page.octets ?? 0) - (a.page.octets ?? 0));
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
