// A scenario in the fragment of an address: packed, and never sent to anybody.

async function through(octets: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([octets]).stream().pipeThrough(stream)).arrayBuffer());
}

/** Returns a text as a fragment holds it. */
export async function packed(text: string): Promise<string> {
  const octets = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let letters = "";
  for (const octet of octets) letters += String.fromCharCode(octet);
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** A link holds no more than this, unpacked [octets]. */
const MOST = 2_000_000;

/** Returns the text that a fragment holds; none if it is damaged, or holds too much. */
export async function unpacked(fragment: string): Promise<string | null> {
  try {
    const letters = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const octets = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const reader = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      // A small link may unpack to a great deal.
      if (total > MOST) {
        void reader.cancel();
        return null;
      }
      pieces.push(value);
    }
    return await new Blob(pieces).text();
  } catch {
    return null;
  }
}

/** Hands a file to the reader. */
export function download(name: string, kind: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
