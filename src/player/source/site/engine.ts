// The engine in workers: the module is unpacked once, and each worker has an instance of its own. A worker
// that takes too long, or runs out of room, is ended and its place taken by a new one.

import { octetsOf } from "./letters";

/** What `engine.js`, the site's shared file, leaves behind: the module, packed, as letters. */
declare global {
  var mailsimModule: { octets: number; letters: string } | undefined;
}

export type Answer = Record<string, unknown> & { refused?: string };

/** The worker: it stands alone, so that it can be made from a text. */
const WORKER = `
let instance, last = 0;
const imports = { mailsim: { proceed(share) {
  const now = Date.now();
  if (now - last > 60) { last = now; postMessage({ share }); }
  return 1;
} } };
onmessage = async ({ data }) => {
  try {
    if (data.module) {
      instance = await WebAssembly.instantiate(data.module, imports);
      postMessage({ ready: true });
      return;
    }
    const { memory, room, answer, answered } = instance.exports;
    const octets = new TextEncoder().encode(data.question);
    const place = room(octets.length);
    new Uint8Array(memory.buffer, place, octets.length).set(octets);
    const length = answer();
    const said = new TextDecoder().decode(new Uint8Array(memory.buffer, answered(), length));
    postMessage({ said });
  } catch (error) {
    postMessage({ failed: String(error), held: instance?.exports.memory.buffer.byteLength ?? 0 });
  }
};`;

let compiled: Promise<WebAssembly.Module> | null = null;

async function unpack(): Promise<WebAssembly.Module> {
  const packed = globalThis.mailsimModule;
  if (packed === undefined) throw new Error("engine.js is missing: it stands beside the pages and belongs to them");
  const octets = octetsOf(packed.letters, packed.octets);
  globalThis.mailsimModule = undefined;
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

/** The module may hold 1 GiB (src/player/module/build.rs); one that failed with so much was short of room. */
const NEARLY_ALL = 0.9 * 2 ** 30;
const NO_ROOM =
  "The run needs more room than a page has (1 GiB), and was stopped. Fewer messages, hosts or hours make it fit; the program that is run from the command line has no such bound.";

/** An instance of the engine; questions wait for one another. */
export class Engine {
  #worker: Promise<Worker> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #stop: ((why: string) => void) | null = null;

  #start(): Promise<Worker> {
    compiled ??= unpack();
    this.#worker ??= compiled.then(
      (module) =>
        new Promise<Worker>((resolve, reject) => {
          const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
          const worker = new Worker(url);
          worker.onmessage = ({ data }) => (data.ready ? resolve(worker) : reject(new Error(data.failed)));
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage({ module });
        }),
    );
    return this.#worker;
  }

  /** Makes the engine ready before it is asked. */
  async warm(): Promise<void> {
    await this.#start();
  }

  /** Ends what is being answered; the question is answered with why. */
  stop(why: string): void {
    this.#stop?.(why);
  }

  /**
   * Asks a question. After `limit` [ms] it is given up. `passed` is told the share of a run that is done.
   */
  ask(question: Record<string, unknown>, limit: number, passed?: (share: number) => void): Promise<Answer> {
    const answer = this.#turn.then(() => this.#answer(question, limit, passed));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #answer(question: Record<string, unknown>, limit: number, passed?: (share: number) => void): Promise<Answer> {
    let worker: Worker;
    try {
      worker = await this.#start();
    } catch (error) {
      this.#worker = null;
      return { refused: `The engine does not start in this browser: ${error instanceof Error ? error.message : error}` };
    }
    return new Promise((resolve) => {
      let share = 0;
      const done = (result: Answer, ended = false) => {
        window.clearTimeout(timer);
        this.#stop = null;
        if (ended) {
          worker.terminate();
          this.#worker = null;
        }
        resolve(result);
      };
      const give = (why: string) => done({ refused: why }, true);
      this.#stop = give;
      const timer = window.setTimeout(() => {
        const far = share > 0 ? ` It had come ${Math.round(share * 100)} % of its way.` : "";
        give(`Stopped after ${Math.round(limit / 1000)} seconds.${far} A shorter duration, fewer messages or fewer hosts make it quicker.`);
      }, limit);
      worker.onmessage = ({ data }) => {
        if (data.share !== undefined) passed?.((share = data.share));
        else if (data.said !== undefined) done(JSON.parse(data.said) as Answer);
        else give(data.held > NEARLY_ALL ? NO_ROOM : `The engine failed, which is a mistake of ours: ${data.failed}`);
      };
      worker.onerror = (event) => give(`The engine failed: ${event.message}`);
      worker.postMessage({ question: JSON.stringify(question) });
    });
  }
}
