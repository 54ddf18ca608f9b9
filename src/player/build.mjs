// Bundles the player into bundle/: the script, its style, and the licences of what it contains.
// The same sources and lock file give the same bytes.
import { build } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const result = await build({
  entryPoints: ["source/main.tsx"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  outfile: "bundle/player.js",
  write: false,
});
mkdirSync("bundle", { recursive: true });
for (const file of result.outputFiles) {
  // A script must not end the element that it stands in.
  const text = file.text.replaceAll("</script", "<\\/script");
  writeFileSync(file.path.endsWith(".css") ? "bundle/player.css" : "bundle/player.js", text);
}
const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const inside = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (inside) packages.add(inside[1]);
}
const licences = [...packages].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync("bundle/LICENSES.txt", licences.join("\n----\n\n"));
