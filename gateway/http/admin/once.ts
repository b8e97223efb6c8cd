// A POST with an Idempotency-Key is done once: who sends it again gets the first answer. What is kept for that is sealed under the personal access token that
// asked, which is stored nowhere, so an answer that holds a new secret is in no database for anybody else.
import { hash, hkdfSync } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { decrypt, encrypt } from '../../aes.ts';
import type { Store } from '../../store/store.ts';

const Answer = z.object({ status: z.number(), body: z.json() });
export type Answer = z.infer<typeof Answer>;
const lostAfterMs = 120_000;

export interface Asked {
  /** Of the header; undefined where there is none. */
  readonly key: string | undefined;
  /** The personal access token as it came. */
  readonly secret: string;
  /** All that the request says. */
  readonly request: string;
}

/** Rejects with KEY_REUSED, KEY_UNDER_WAY, KEY_LOST, INPUT_INVALID, and whatever `work` rejects with: then it may be asked again. */
export async function once(
  deps: { readonly store: Pick<Store, 'administration'>; readonly now: () => number },
  { key, secret, request }: Asked,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (key === undefined) return work();
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new Fault('INPUT_INVALID', { reason: 'Idempotency-Key has 1-200 printable characters without spaces.' });
  const { administration } = deps.store;
  const stored = hash('sha256', `${hash('sha256', secret)} ${key}`);
  // With the secret, because a request may hold something that could be guessed.
  const digest = hash('sha256', `${secret} ${request}`);
  const begun = await administration.beginOnce(stored, digest, deps.now());
  if (begun !== 'begun') {
    if (begun.request !== digest) throw new Fault('KEY_REUSED');
    if (begun.answer !== null) return open(begun.answer, secret, key);
    throw new Fault(deps.now() - begun.at < lostAfterMs ? 'KEY_UNDER_WAY' : 'KEY_LOST');
  }
  let answer: Answer;
  try {
    answer = await work();
  } catch (error) {
    // What was refused was not done. Of what failed nobody knows, so its key stays.
    if (error instanceof Fault && error.code !== 'STORE_UNAVAILABLE') await administration.forgetOnce(stored);
    throw error;
  }
  await administration.endOnce(stored, seal(answer, secret, key));
  return answer;
}

function keyOf(secret: string, key: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `drawbridge idempotency 1|${key}`, 32));
}

/** Nonce, tag, text: the tag stands before what it is of. */
function seal(answer: Answer, secret: string, key: string): string {
  const { nonce, tag, text } = encrypt(keyOf(secret, key), JSON.stringify(answer));
  return Buffer.concat([nonce, tag, text]).toString('base64url');
}

function open(kept: string, secret: string, key: string): Answer {
  const bytes = Buffer.from(kept, 'base64url');
  const sealed = { nonce: bytes.subarray(0, 12), tag: bytes.subarray(12, 28), text: bytes.subarray(28) };
  const plain = decrypt(keyOf(secret, key), sealed);
  if (plain === undefined) throw new Error('an answer that was kept is not as it was');
  return Answer.parse(JSON.parse(plain.toString('utf8')));
}
