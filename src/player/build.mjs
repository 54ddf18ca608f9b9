// Bundles the player, and the workbench of the site, into bundle/: a script, its style, and the licences of
// what it contains, of each. The same sources and lock file give the same bytes.
import { build } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

mkdirSync("bundle", { recursive: true });
await bundle("source/main.tsx", "player", "LICENSES.txt");
await bundle("source/site/main.tsx", "site", "SITE-LICENSES.txt");

async function bundle(entry, name, licencesFile) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
    metafile: true,
    outfile: `bundle/${name}.js`,
    write: false,
  });
  for (const file of result.outputFiles) {
    // A script must not end the element that it stands in.
    const text = file.text.replaceAll("</script", "<\\/script");
    writeFileSync(`bundle/${name}.${file.path.endsWith(".css") ? "css" : "js"}`, text);
  }
  const packages = new Set();
  for (const input of Object.keys(result.metafile.inputs)) {
    const inside = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (inside) packages.add(inside[1]);
  }
  const licences = [...packages].sort().map((each) => {
    const folder = `node_modules/${each}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    return `${each} ${version} (${license})\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}\n`;
  });
  writeFileSync(`bundle/${licencesFile}`, licences.join("\n----\n\n"));
}
