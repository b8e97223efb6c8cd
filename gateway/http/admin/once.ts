// A POST with an Idempotency-Key is done once: who sends it again gets the first answer. What is kept for that is sealed under the personal access token that
// asked, which is stored nowhere, so an answer that holds a new secret is in no database for anybody else.
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
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

function seal(answer: Answer, secret: string, key: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret, key), iv);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

function open(text: string, secret: string, key: string): Answer {
  const bytes = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, key), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  const plain = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  return Answer.parse(JSON.parse(plain.toString('utf8')));
}
