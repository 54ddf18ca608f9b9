// Runs every scenario and lesson with the program and with the module, and compares what they write,
// octet for octet: node tests/module/compare.mjs MAILSIM MODULE.wasm [FOLDER of other scenarios]
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine } from "./engine.mjs";

const [program, module, folder = "scenarios"] = process.argv.slice(2);
const FILES = ["summary.json", "messages.csv", "attempts.csv", "queues.csv", "hosts.csv", "trace.jsonl", "run.json"];
/** Longer ones are cut: what differs does so early, and both write some hundred megabytes. */
const SHORTER = { "scenarios/busy-day.toml": "2h" };

/** Studies are no scenarios; their bases are. */
function scenarios(folder) {
  return readdirSync(folder)
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return path.endsWith("studies") ? scenarios(join(path, "bases")) : scenarios(path);
      return name.endsWith(".toml") ? [path] : [];
    })
    .sort();
}

const work = mkdtempSync(join(tmpdir(), "mailsim-module-"));
let [compared, octets, differing] = [0, 0, 0];
try {
  for (const file of scenarios(folder)) {
    let text = readFileSync(file, "utf8");
    const until = SHORTER[file];
    if (until !== undefined) text = text.replace(/^duration = .*$/m, `duration = "${until}"`);
    const out = join(work, "out");
    rmSync(out, { recursive: true, force: true });
    // Read from standard input, so that both are told the same text. Unmet expectations are told by
    // the exit status, and are no matter here.
    const name = file.replace(/.*\//, "");
    try {
      execFileSync(program, ["run", "-", "--no-charts", "--out", out], { input: text, stdio: ["pipe", "ignore", "pipe"] });
    } catch (error) {
      if (!existsSync(join(out, "run.json"))) throw error;
    }
    const { ask } = await engine(module);
    const answer = ask({ ask: "run", text, file: "standard-input" });
    if (answer.refused !== undefined || answer.figures === undefined) {
      throw new Error(`${name}: ${JSON.stringify(answer).slice(0, 500)}`);
    }
    for (const each of FILES) {
      const native = readFileSync(join(out, each), "utf8");
      const own = ask({ ask: "file", name: each }).text;
      octets += Buffer.byteLength(native);
      if (native === own) continue;
      differing += 1;
      const at = [...native].findIndex((letter, place) => letter !== own?.[place]);
      const around = (whole) => JSON.stringify(whole?.slice(Math.max(0, at - 80), at + 80));
      console.error(`${file}: ${each} differs at ${at}:\n  program ${around(native)}\n  module  ${around(own)}`);
    }
    compared += 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${compared} scenarios, ${octets} octets, ${differing} files differ`);
process.exit(differing === 0 && compared > 30 ? 0 : 1);
