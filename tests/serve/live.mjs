// Uses the controls of a served page in chromium, by keyboard and by mouse.
//
// Usage: node live.mjs CHROMIUM ADDRESS. The scenario is the one of browser.rs. What is wrong goes to
// standard output, a line each, and makes the exit status 1.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, address] = process.argv.slice(2);
const MX = "mx.recipient.example";
const SENDER = "smtp.sender.example";
let wrong = 0;
function expect(holds, what) {
  if (holds) return;
  wrong += 1;
  console.log(what);
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
tab.setDefaultTimeout(30_000);
const asked = new Set();
tab.on("request", (request) => asked.add(request.url()));
tab.on("pageerror", (error) => expect(false, `the script fails: ${error.message}`));
tab.on("console", (line) => {
  // An answer with an error is no fault of the page.
  if (line.type() === "error" && !line.text().includes("422")) expect(false, `the console says ${line.text()}`);
});

const node = (name) => tab.locator(`g.node[data-host="${name}"]`);
const said = () => tab.locator(".live .said").innerText();
const focus = () => tab.evaluate(() => document.activeElement?.id);
const time = () => tab.evaluate(() => document.querySelector(".controls .scrubber input").valueAsNumber);

/** Does what makes the page come again with the run computed anew. */
async function changed(act) {
  await Promise.all([tab.waitForEvent("load"), act()]);
  await tab.waitForFunction(() => document.querySelector(".live .said")?.textContent.includes("Computed again"));
  // What comes back does so with the next frame.
  await tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// Two minutes and more after the third message, with the keyboard alone.
await tab.goto(`${address}#t=7300`);
const before = await time();
expect((await tab.locator("g.node.failed").count()) === 0, "a host is down at the start");
await node(MX).focus();
await tab.keyboard.press("Enter");
await tab.locator("#live-take-down select").focus();
await tab.keyboard.type("refuse");
await tab.locator("#live-take-down input").last().focus();
await tab.keyboard.type("2h");
await changed(() => tab.keyboard.press("Enter"));
expect((await tab.locator("g.node.failed").count()) === 1, "the host that was taken down is not drawn as down");
expect((await said()).includes(`${MX} fails: refuse`), `after a host is down it says ${await said()}`);
const after = await time();
expect(after > before && after < before + 0.002, `the time went from ${before} to ${after}`);
const entry = await tab.locator(".live.panel ol pre").innerText();
expect(entry.startsWith(`[[outage]]\nhost = "${MX}"\nmode = "refuse"\nfrom = `), `the entry is ${entry}`);
expect((await tab.locator(".live .command").innerText()).includes("--set 'outage.1={"), "no command reproduces it");

// The fourth message is late now; undone, it is not.
const fourth = async () => {
  await tab.keyboard.press("End");
  // The list of events is drawn only where it is unfolded.
  await tab.locator(".events").evaluate((list) => (list.open = true));
  await tab.locator(".events li").first().waitFor({ state: "attached" });
  return tab.locator(".events li:has-text('refused')").count();
};
expect((await fourth()) > 0, "nothing is refused");
await tab.locator("#live-undo").focus();
await changed(() => tab.keyboard.press("Enter"));
expect((await focus()) === "live-panel", `after the last undo the focus is at ${await focus()}`);
await tab.goto(`${address}#t=7300`);
expect((await tab.locator("g.node.failed").count()) === 0, "the host is still down");
await changed(() => tab.locator("#live-redo").click());

// Brought back.
await tab.goto(`${address}#t=8000`);
await node(MX).click();
await changed(() => tab.locator("#live-end-1").first().click());
expect((await tab.locator("g.node.failed").count()) === 0, "the host is not back");

// What is impossible is told where it can be seen, and nothing else happens.
await tab.locator("#live-other summary").click();
await tab.locator("#live-other-form input").fill("outage.0.for=2");
await tab.locator("#live-other-send").click();
await tab.waitForSelector(".live .problem");
const problem = await tab.locator(".live .problem").innerText();
expect(problem.includes("outage.0.for") && problem.includes("without a unit"), `the problem is told as ${problem}`);
const seen = await tab.locator(".live .problem").evaluate((one) => {
  const { top, bottom } = one.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
});
expect(seen, "the problem is out of sight");

// A setting, a message, a cut line.
await node(SENDER).click();
await tab.locator("#live-setting summary").click();
await tab.locator("#live-setting select").selectOption({ label: "maximal_backoff_time = 1h6m40s" });
await tab.locator("#live-setting-form input").first().fill("10min");
await changed(() => tab.locator("#live-setting-send").click());
expect(await tab.locator("#live-setting").evaluate((one) => one.open), "what was open is closed");
expect((await focus()) === "live-setting-send", `the focus is at ${await focus()}`);
await tab.locator("#live-mail summary").click();
await changed(() => tab.locator("#live-mail-send").click());
expect((await said()).includes("mail from"), `after a message it says ${await said()}`);
await tab.getByRole("button", { name: `The way between ${SENDER} and ${MX}` }).focus();
await tab.keyboard.press("Enter");
await changed(() => tab.locator("#live-cut-send").click());
expect((await tab.locator(".link.cut").count()) === 1, "the line is not drawn as cut");

// Saved as it is.
const [download] = await Promise.all([tab.waitForEvent("download"), tab.locator("a[download]").click()]);
const text = readFileSync(await download.path(), "utf8");
expect(text.startsWith("# Why this file is.") && text.includes("maximal_backoff_time"), `the download is ${text}`);

await tab.evaluate(axe);
for (const width of [1280, 390]) {
  await tab.setViewportSize({ width, height: 844 });
  for (const id of ["live-mail", "live-other"]) await tab.locator(`#${id}`).evaluate((one) => { one.open = true; });
  await node(SENDER).click();
  const found = await tab.evaluate(async () => {
    const { violations } = await window.axe.run({ include: [[".live"]] }, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html.slice(0, 120)}`);
  });
  for (const one of found) expect(false, `at ${width} px axe finds ${one}`);
  const wide = await tab.evaluate(() => [...document.querySelectorAll(".live")].filter((one) => one.scrollWidth > one.clientWidth + 1).length);
  expect(wide === 0, `at ${width} px the controls stick out`);
}
const others = [...asked].filter((url) => !url.startsWith(address));
expect(others.length === 0, `the page asked for ${others.join(" ")}`);
await browser.close();
console.log(wrong === 0 ? "the controls work" : `${wrong} wrong`);
process.exit(wrong === 0 ? 0 : 1);
