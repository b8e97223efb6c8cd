// A text that is kept with its secrets cut out: the rest in clear, the secrets encrypted by the Sealer. Without secrets no key is needed to read it again.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { Sealer } from '#contract/secret.ts';
import type { Span } from './edit/edit.ts';

export const SealedText = z.strictObject({
  /** What stands between the secrets: one more than there are secrets. */
  plain: z.array(z.string()).min(1),
  /** The secrets in order, as a JSON list, sealed. */
  sealed: z.string().optional(),
});
export type SealedText = z.infer<typeof SealedText>;
const Secrets = z.array(z.string());

/** `spans` in order and without overlap. */
export function sealText(text: string, spans: readonly Span[], sealer: Sealer): SealedText {
  const plain: string[] = [];
  const secrets: string[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    plain.push(text.slice(at, start));
    secrets.push(text.slice(start, end));
    at = end;
  }
  plain.push(text.slice(at));
  return secrets.length === 0 ? { plain } : { plain, sealed: sealer.seal(JSON.stringify(secrets)) };
}

/** Throws SECRET_UNREADABLE where the key is another. */
export function openText({ plain, sealed }: SealedText, sealer: Sealer): string {
  const secrets = sealed === undefined ? [] : Secrets.parse(JSON.parse(sealer.open(sealed)));
  if (secrets.length !== plain.length - 1)
    throw new Fault('STATE_DAMAGED', { file: 'host/', reason: 'a sealed text does not fit together' });
  return plain.map((part, index) => part + (secrets[index] ?? '')).join('');
}

/** The text as it may be shown. */
export function maskText(text: string, spans: readonly Span[]): string {
  let out = '';
  let at = 0;
  for (const { start, end } of spans) {
    const quote = /^["']/.exec(text.slice(start, end))?.[0] ?? '';
    out += `${text.slice(at, start)}${quote}[secret]${quote}`;
    at = end;
  }
  return out + text.slice(at);
}
