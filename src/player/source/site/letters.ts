// Octets that a script holds as letters: thirteen bits in two of 91 (written by src/site/letters.rs).

/** Printable ASCII but for the space, the quote, the backslash and what could begin a tag. */
const ALPHABET = Array.from({ length: 94 }, (_, place) => String.fromCharCode(33 + place)).filter((letter) => !'"\\<'.includes(letter));

/** Returns so many octets of a text. */
export function octetsOf(text: string, count: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128);
  ALPHABET.forEach((letter, value) => (values[letter.charCodeAt(0)] = value));
  const octets = new Uint8Array(count);
  let [waiting, bits, next] = [0, 0, 0];
  for (let at = 0; at < text.length && next < count; at += 2) {
    waiting = (waiting << 13) | (values[text.charCodeAt(at)]! * ALPHABET.length + values[text.charCodeAt(at + 1)]!);
    for (bits += 13; bits >= 8 && next < count; bits -= 8) octets[next++] = (waiting >> (bits - 8)) & 255;
    waiting &= (1 << bits) - 1;
  }
  return octets;
}
