// Works with the site in chromium as a class does: exercises solved, the playground by keyboard alone, broken,
// endless and hostile scenarios, from the disk and from a server under a path.
//
// Usage: node site.mjs CHROMIUM MANIFEST. What is wrong goes to standard output, a line each, and makes the
// exit status 1. The last line is JSON: the codes that the exercises gave.

import { createServer } from "node:http";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, manifest] = process.argv.slice(2);
const { site, solutions, lessons, sample, endless, look } = JSON.parse(readFileSync(manifest, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 60_000;
const MEDIA = { html: "text/html", js: "text/javascript", css: "text/css" };

let wrong = 0;
const complain = (what) => {
  wrong += 1;
  console.log(what);
};
const codes = {};

const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Opens a page; whatever goes wrong in it is told. */
async function open(address, viewport = { width: 1280, height: 800 }) {
  const context = await browser.newContext({ viewport, acceptDownloads: true });
  context.setDefaultTimeout(PATIENCE);
  const tab = await context.newPage();
  const foreign = [];
  const own = new URL(address);
  tab.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("blob:") && !url.startsWith("about:") && !url.startsWith(`${own.protocol}//${own.host}/`)) foreign.push(url);
  });
  tab.on("console", (line) => line.type() === "error" && complain(`${own.pathname}: the console says ${line.text()}`));
  tab.on("pageerror", (error) => complain(`${own.pathname}: the script fails: ${error.message}`));
  await tab.goto(address, { waitUntil: "load" });
  const close = async () => {
    if (foreign.length > 0) complain(`${own.pathname} asks for ${foreign.join(" ")}`);
    await context.close();
  };
  return { tab, close };
}

const fromDisk = (name, hash = "") => pathToFileURL(join(site, name)).href + hash;

/** The status line, once no run is under way. */
async function settled(tab) {
  await tab.waitForFunction(() => /^(Run:|Not run|Write|.*Run: )/.test(document.querySelector(".status p")?.textContent ?? ""));
  return tab.locator(".status p").first().innerText();
}

async function write(tab, text) {
  await tab.locator(".cm-content").fill(text);
}

async function run(tab) {
  await tab.locator("button.run").click();
  await tab.waitForFunction(() => document.querySelector("button.run")?.textContent.includes("Run"));
  return settled(tab);
}

async function accessible(tab, where) {
  await tab.evaluate(axe);
  const found = await tab.evaluate(async () => {
    // What is still fading in has the contrast of no finished page.
    for (const one of document.getAnimations()) {
      if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
    }
    // The editor scrolls with its cursor, and what it scrolls is where one types.
    const around = { exclude: [["iframe"], [".cm-scroller"]] };
    const { violations } = await window.axe.run(around, { resultTypes: ["violations"], iframes: false, preload: false });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html }) => html.slice(0, 140)).join(" ; ")}`);
  });
  for (const one of found) complain(`${where}: axe finds ${one}`);
  const [wide, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide > room) complain(`${where}: ${wide} px stand in ${room}`);
}

async function picture(tab, name) {
  if (!look) return;
  mkdirSync(look, { recursive: true });
  await tab.screenshot({ path: join(look, `${name}.png`) });
}

/** The play in the frame stands at its beginning, with its controls. */
async function plays(tab, where) {
  const frame = tab.frameLocator("iframe");
  await frame.locator(".controls .reading").first().waitFor();
  const reading = await frame.locator(".controls .reading").first().innerText();
  if (!/event \d+ of [1-9]/.test(reading)) complain(`${where}: the play says ${reading}`);
}

async function lessonsAreThere() {
  const { tab, close } = await open(fromDisk("index.html"));
  await accessible(tab, "index");
  await picture(tab, "index");
  const links = await tab.locator("main a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  for (const link of links) {
    if (!existsSync(join(site, link.split("#")[0]))) complain(`index.html leads to ${link}, which is not there`);
  }
  await close();
  for (const name of lessons) {
    const { tab, close } = await open(fromDisk(`lessons/${name}.html`));
    await plays(tab, name);
    if (name === lessons[4]) {
      await accessible(tab, name);
      await picture(tab, "lesson");
      await tab.getByRole("button", { name: "Change the scenario" }).click();
      await picture(tab, "lesson-open");
      await accessible(tab, `${name}, open`);
    }
    await close();
  }
}

async function exercises() {
  for (const [name, solution] of Object.entries(solutions)) {
    const { tab, close } = await open(fromDisk(`exercises/${name}.html`));
    await settled(tab);
    await tab.getByRole("button", { name: "Check my solution" }).click();
    await tab.getByText("Not solved yet.").waitFor();
    await tab.getByRole("button", { name: /Show a hint/ }).click();
    if ((await tab.locator(".hints li").count()) !== 1) complain(`${name}: not one hint at a time`);
    await write(tab, solution);
    await tab.getByRole("button", { name: "Check my solution" }).click();
    await tab.getByText("Solved.", { exact: true }).waitFor();
    codes[name] = await tab.locator(".code textarea").inputValue();
    if (name.startsWith("04")) {
      await picture(tab, "exercise");
      await accessible(tab, name);
    }
    await close();
  }
}

/** From an empty page to an answered question with no pointer. */
async function byKeyboard() {
  const { tab, close } = await open(fromDisk("playground.html"));
  await settled(tab);
  const focused = () => tab.evaluate(() => document.activeElement.className + " " + document.activeElement.textContent.slice(0, 40));
  const tabTo = async (what) => {
    for (let press = 0; press < 60; press++) {
      if (await tab.evaluate(what)) return;
      await tab.keyboard.press("Tab");
    }
    complain(`the keyboard does not reach ${what}; it is at ${await focused()}`);
  };
  await tabTo("document.activeElement.classList.contains('cm-content')");
  await tab.keyboard.type("dur", { delay: 30 });
  await tab.keyboard.press("Control+Space");
  await tab.locator(".cm-tooltip-autocomplete li[aria-selected]").waitFor();
  // For a moment the editor takes no choice, lest somebody choose what has just come up under his fingers.
  await tab.waitForTimeout(300);
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("duration = "));
  await picture(tab, "completion");
  await tab.waitForFunction(() => document.querySelector(".explanation").textContent.includes("duration"));
  await tab.keyboard.insertText(`"6h"\n${sample}`);
  await tab.keyboard.press("Control+Enter");
  await tab.waitForFunction(() => document.querySelector(".status p").textContent.startsWith("Run: "));
  // Tab leaves the editor.
  await tabTo("document.activeElement.id === 'tab-play'");
  await tab.keyboard.press("ArrowRight");
  const delivered = await tab.locator(".figures tr", { hasText: "Delivered" }).first().innerText();
  if (!/Delivered\s+1$/.test(delivered.trim())) complain(`the figures say ${delivered}`);
  await picture(tab, "figures");
  await accessible(tab, "the playground with figures");
  await tab.keyboard.press("ArrowRight");
  await tab.getByRole("button", { name: "Call", exact: true }).press("Enter");
  await tab.locator(".transcript").waitFor();
  await tab.keyboard.type("EHLO me.example");
  await tab.keyboard.press("Enter");
  await tab.locator(".transcript", { hasText: "250" }).waitFor();
  await picture(tab, "talk");
  await accessible(tab, "the playground with a conversation");
  await close();
}

/** A change made in the play is written into the scenario, and undone. */
async function changedInThePlay() {
  const { tab, close } = await open(fromDisk(`lessons/${lessons[4]}.html`));
  await plays(tab, "lesson 5");
  const before = await tab.evaluate(() => JSON.parse(document.getElementById("page").textContent).text);
  await tab.getByRole("button", { name: "Change the scenario" }).click();
  const frame = tab.frameLocator("iframe");
  await frame.locator(".network .node", { hasText: "mx2" }).first().click();
  await frame.locator("#live-take-down input").first().fill("3h");
  await frame.locator("#live-take-down input").nth(1).fill("30min");
  await frame.locator("#live-take-down-send").click();
  await tab.waitForFunction(() => document.querySelector(".status p").textContent.includes("fails"));
  const text = () => tab.evaluate(() => document.querySelector(".cm-content").cmTile?.view?.state.doc.toString() ?? document.querySelector(".cm-content").cmView?.view.state.doc.toString() ?? "");
  const changed = await text();
  if (!changed.includes('from = "3h"')) complain(`3h is not written so into the scenario: ${changed.slice(-300)}`);
  await plays(tab, "lesson 5, changed");
  await tab.getByRole("button", { name: "Undo" }).first().click();
  await tab.waitForFunction(() => document.querySelector(".status p").textContent.startsWith("Run: "));
  if ((await text()) !== before) complain("undo does not bring the scenario back");
  await tab.getByRole("tab", { name: /Figures/ }).click();
  if ((await tab.locator(".figures th", { hasText: "Before" }).count()) !== 1) complain("the run before is not compared");
  await close();
}

/** All else that can be changed in the play, and taken away: a setting, a message, a way that is cut. */
async function changedInOtherWays() {
  const { tab, close } = await open(fromDisk("playground.html"));
  await settled(tab);
  await write(tab, `duration = "6h"\n${sample}`);
  await run(tab);
  await plays(tab, "the sample");
  const frame = tab.frameLocator("iframe");
  const text = () => tab.evaluate(() => document.querySelector(".cm-content").cmTile?.view?.state.doc.toString() ?? document.querySelector(".cm-content").cmView?.view.state.doc.toString() ?? "");
  const done = async (what, wanted) => {
    await tab.waitForFunction((words) => document.querySelector(".status p").textContent.includes(words), what);
    if (!wanted.test(await text())) complain(`${what} is not written so into the scenario: ${(await text()).slice(-400)}`);
    await plays(tab, what);
  };
  await frame.locator("#live-mail summary").click();
  await frame.locator("#live-mail-form input").nth(2).fill("02:25:51");
  await frame.locator("#live-mail-send").click();
  await done("mail from", /at = "2h25m51s"/);
  await frame.locator(".network .node", { hasText: "mail.sender" }).first().click();
  await frame.locator("#live-setting summary").click();
  const settings = frame.locator("#live-setting-form select");
  const at = await settings.locator("option").evaluateAll((all) => all.findIndex(({ textContent }) => textContent.startsWith("maximal_backoff_time")));
  await settings.selectOption({ index: at });
  await frame.locator("#live-setting-form input").first().fill("10min");
  await picture(tab, "setting");
  await frame.locator("#live-setting-send").click();
  await done("maximal_backoff_time", /maximal_backoff_time = "10min"/);
  await frame.locator(".network .handle").first().press("Enter");
  await frame.locator("#live-cut input").nth(0).fill("4:00");
  await frame.locator("#live-cut input").nth(1).fill("5min");
  await picture(tab, "cut");
  await frame.locator("#live-cut-send").click();
  await done("is cut", /from = "4h"/);
  // Three changes are three steps back, and forth again.
  const changed = await text();
  for (const name of ["Undo", "Undo", "Undo", "Redo", "Redo", "Redo"]) {
    await tab.getByRole("button", { name }).first().click();
    await tab.waitForFunction(() => document.querySelector(".status p").textContent.startsWith("Run: "));
  }
  if ((await text()) !== changed) complain("three steps back and three forth do not lead to the same scenario");
  for (const [button, begins] of [["Scenario (scenario.toml)", "duration"], ["Page (report.html)", "<!DOCTYPE html>"], ["hosts.csv", "host,"], ["summary.json", "{"]]) {
    if (!(await tab.locator(".menu").evaluate((menu) => menu.open))) await tab.locator(".menu summary").click();
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("button", { name: button }).click()]);
    const held = readFileSync(await download.path(), "utf8");
    if (!held.startsWith(begins)) complain(`${button} begins with ${held.slice(0, 40)}`);
  }
  await close();
}

/** An example opens at its beginning, runs, and can be undone. */
async function examples() {
  const { tab, close } = await open(fromDisk("playground.html"));
  await settled(tab);
  await tab.locator(".bar select").selectOption({ label: "A day of retries" });
  await plays(tab, "an example");
  const status = await settled(tab);
  if (!/^Run: [1-9]/.test(status)) complain(`an example says ${status}`);
  if (!(await tab.locator(".cm-line").first().innerText()).includes("A day of retries")) complain("an example does not open at its beginning");
  await picture(tab, "example");
  await tab.getByRole("button", { name: "Undo" }).first().click();
  await tab.waitForFunction(() => document.querySelector(".cm-content").textContent.trim() === "");
  await close();
}

/** At 200 % of 1280 x 800 nothing has to be scrolled sideways. */
async function enlarged() {
  for (const name of ["index.html", "manual.html", "playground.html", `lessons/${lessons[4]}.html`, `exercises/${Object.keys(solutions)[3]}.html`]) {
    const { tab, close } = await open(fromDisk(name), { width: 640, height: 400 });
    if ((await tab.locator("#workbench").count()) === 1) await settled(tab);
    await accessible(tab, `${name} at 200 %`);
    await picture(tab, `zoom-${name.replace(/\W.*/, "")}`);
    await close();
  }
}

/** A hundred scenarios broken at random places: each is told so, or runs, and the page lives on. */
async function broken() {
  const { tab, close } = await open(fromDisk("playground.html"));
  await settled(tab);
  const whole = `duration = "6h"\n${sample}`;
  let draw = 12345;
  const random = (most) => {
    draw = (draw * 1103515245 + 12345) % 2147483648;
    return draw % most;
  };
  const bits = ['"', "[", "]", "{", "}", "=", "\n", "#", "-1", "1e999", "\u0000", "\u{1F4E8}", "''''", "<script>", "[[host]]\n", 'x = "', "9".repeat(400)];
  let told = 0;
  for (let turn = 0; turn < 100; turn++) {
    const at = random(whole.length);
    const text = whole.slice(0, at) + bits[random(bits.length)] + whole.slice(at + random(12));
    await write(tab, text);
    const answer = await tab.evaluate(
      () => new Promise((done) => setTimeout(() => done(document.querySelectorAll(".problems li.error").length), 420)),
    );
    if (answer > 0) told += 1;
    if (turn % 25 === 0) await run(tab);
  }
  if (told < 50) complain(`only ${told} of 100 broken scenarios are told to be so`);
  const misspelt = whole.replace("refuse", "refuze");
  await write(tab, misspelt);
  await tab.locator(".cm-lintRange-error").first().waitFor();
  const marked = await tab.locator(".cm-lintRange-error").first().innerText();
  const named = await tab.locator(".problems li.error").first().innerText();
  const line = misspelt.slice(0, misspelt.indexOf("refuze")).split("\n").length;
  if (!marked.includes("refuze") || !named.startsWith(`Line ${line} `)) complain(`refuze in line ${line} is marked at ${marked}, told as ${named}`);
  await picture(tab, "broken");
  await accessible(tab, "a broken scenario");
  await write(tab, whole);
  const status = await run(tab);
  if (!status.startsWith("Run: ")) complain(`after a hundred broken ones the page says ${status}`);
  await close();
}

/** What never ends, or is too large, is stopped with a word. */
async function unending() {
  const { tab, close } = await open(fromDisk("playground.html"));
  await settled(tab);
  await write(tab, endless);
  await run(tab);
  const said = await tab.locator(".status .trouble").innerText();
  if (!/without end/.test(said)) complain(`an endless scenario is told: ${said}`);
  const huge = sample.replace(/at = "1h"/, 'arrivals = { every = "1us" }\ncount = 900000000');
  if (huge === sample) complain("the sample has no time to replace");
  await write(tab, `duration = "6h"\n${huge}`);
  await tab.locator("button.run").click();
  await tab.getByRole("button", { name: "Stop" }).click();
  await tab.getByText("Stopped. What was shown before stays.").waitFor();
  await write(tab, `duration = "6h"\n${sample}`);
  const status = await run(tab);
  if (!status.startsWith("Run: ")) complain(`after a run that was stopped the page says ${status}`);
  await close();
}

/** Text of a scenario and of a link stays text; a damaged link is told. */
async function hostile() {
  const evil = `title = "</script><img src=x onerror=parent.hacked=1><script>parent.hacked=1</script>"\nduration = "6h"\n${sample}`;
  const { tab: first, close: closeFirst } = await open(fromDisk("playground.html"));
  await settled(first);
  await write(first, evil);
  await run(first);
  await plays(first, "a hostile title");
  await first.locator(".menu summary").click();
  await first.getByRole("button", { name: "Link to this scenario" }).click();
  await first.waitForFunction(() => location.hash.includes("scenario="));
  const address = first.url();
  const [download] = await Promise.all([first.waitForEvent("download"), first.getByRole("button", { name: "messages.csv" }).click()]);
  const rows = readFileSync(await download.path(), "utf8");
  if (!rows.startsWith("message_id,")) complain(`messages.csv begins with ${rows.slice(0, 40)}`);
  if (await first.evaluate(() => window.hacked)) complain("a title runs as a script");
  await closeFirst();
  const { tab, close } = await open(address);
  const status = await settled(tab);
  if (!status.startsWith("Run: ")) complain(`a link says ${status}`);
  await plays(tab, "a shared link");
  if (await tab.evaluate(() => window.hacked)) complain("a link runs as a script");
  await close();
  const { tab: last, close: closeLast } = await open(fromDisk("playground.html", "#scenario=AAAA%22%3E<b>"));
  await last.getByText("The link is damaged").waitFor();
  await closeLast();
}

/** The same from a server, under a path. */
async function served() {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)).replace("/class/mail/", "");
    const file = join(site, path);
    if (path.startsWith("/") || path.includes("..") || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": MEDIA[file.split(".").pop()] ?? "text/plain" }).end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const root = `http://127.0.0.1:${server.address().port}/class/mail/`;
  for (const name of [`lessons/${lessons[0]}.html`, `exercises/${Object.keys(solutions)[0]}.html`]) {
    const { tab, close } = await open(root + name);
    await plays(tab, `${name}, served`);
    await tab.getByRole("link", { name: "Playground" }).click();
    await settled(tab);
    await close();
  }
  const { tab, close } = await open(`${root}lessons/${lessons[4]}.html`, { width: 390, height: 844 });
  await plays(tab, "a lesson on a phone");
  await accessible(tab, "a lesson on a phone");
  await picture(tab, "phone");
  await close();
  await new Promise((done) => server.close(done));
}

const parts = { lessonsAreThere, exercises, byKeyboard, changedInThePlay, changedInOtherWays, examples, enlarged, broken, unending, hostile, served };
const only = process.env.ONLY?.split(",");
const jobs = Object.entries(parts).filter(([name]) => !only || only.includes(name));
const work = async () => {
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    const [name, part] = job;
    await part().catch((error) => complain(`${name}: ${error.stack}`));
  }
};
await Promise.all([work(), work(), work()]);
await browser.close();
console.log(JSON.stringify(codes));
process.exit(wrong === 0 ? 0 : 1);
