// A secret from standard input: typed by a person, it is not echoed; piped, it is all that comes, without the line's end.
// Rule: it is never an argument, which every user of the machine could read.
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';

/** Standard input, as a terminal or not. */
export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

const longest = 16_384;
const [interrupt, endOfInput, backspace, erase] = [0x03, 0x04, 0x08, 0x7f];

export async function readSecret(input: Input, ask: () => void): Promise<Secret<string>> {
  return new Secret(input.isTTY && input.setRawMode ? await typed(input, ask) : await piped(input));
}

async function piped(input: Input): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > longest) throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'too much came on standard input.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

async function typed(input: Input, ask: () => void): Promise<string> {
  const text: number[] = [];
  input.setRawMode?.(true);
  try {
    ask();
    for await (const chunk of input) {
      for (const byte of chunk) {
        if (byte === 0x0d || byte === 0x0a || byte === endOfInput) return Buffer.from(text).toString('utf8');
        if (byte === interrupt) throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'it was not entered.' });
        if (byte === backspace || byte === erase) text.pop();
        else if (text.length < longest) text.push(byte);
      }
    }
    return Buffer.from(text).toString('utf8');
  } finally {
    input.setRawMode?.(false);
  }
}
