// The module, as a page has it: questions and answers as JSON in linear memory.
import { readFile } from "node:fs/promises";

/** Loads the module; `proceed` is asked while a run is made whether to go on. */
export async function engine(path, proceed = () => true) {
  const imports = { mailsim: { proceed: (share) => (proceed(share) ? 1 : 0) } };
  const { instance } = await WebAssembly.instantiate(await readFile(path), imports);
  const { memory, room, answer, answered } = instance.exports;
  return {
    memory,
    ask(question) {
      const octets = new TextEncoder().encode(JSON.stringify(question));
      const place = room(octets.length);
      new Uint8Array(memory.buffer, place, octets.length).set(octets);
      const length = answer();
      const said = new Uint8Array(memory.buffer, answered(), length);
      return JSON.parse(new TextDecoder().decode(said));
    },
  };
}
