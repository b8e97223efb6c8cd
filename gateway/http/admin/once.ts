// A POST with an Idempotency-Key is done once: who sends it again gets the first answer. What is kept for that is sealed under the personal access token that
// asked, which is stored nowhere, so an answer that holds a new secret is in no database for anybody else. Whether something was changed is written with the change, so
// that what failed before is done again at once, and what failed after is never done twice.
import { hash, hkdfSync } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { decrypt, encrypt } from '../../aes.ts';
import type { Store } from '../../store/store.ts';

const Answer = z.object({ status: z.number(), body: z.json() });
export type Answer = z.infer<typeof Answer>;
/** Until then another gateway server on the same database may be at it. */
const lostAfterMs = 120_000;
/** Keys of requests that failed here while the store could not be told. */
const failedAtMost = 10_000;

export interface Asked {
  /** Of the header; undefined where there is none. */
  readonly key: string | undefined;
  /** The personal access token as it came. */
  readonly secret: string;
  /** All that the request says. */
  readonly request: string;
}

export interface Once {
  /**
   * `work` gets the store to work with. Rejects with KEY_REUSED, KEY_UNDER_WAY, KEY_LOST, INPUT_INVALID, and whatever `work` rejects with: where that changed nothing it may
   * be asked again.
   */
  (asked: Asked, work: (store: Store) => Promise<Answer>): Promise<Answer>;
}

export function createOnce({ store, now }: { readonly store: Store; readonly now: () => number }): Once {
  const { administration } = store;
  const failed = new Set<string>();

  /** Undefined where this request begins; else the answer of the one before. */
  async function begin(stored: string, digest: string): Promise<string | undefined> {
    const found = await administration.beginOnce(stored, digest, now());
    if (found === 'begun') return undefined;
    if (found.request !== digest) throw new Fault('KEY_REUSED');
    if (found.answer !== null) return found.answer;
    const isOver = failed.has(stored) || now() - found.at >= lostAfterMs;
    if (!isOver) throw new Fault('KEY_UNDER_WAY');
    if (found.isDone) throw new Fault('KEY_LOST');
    if (!(await administration.retakeOnce(stored, found.at, now()))) throw new Fault('KEY_UNDER_WAY');
    return undefined;
  }

  /** What changed nothing may be asked again; of the rest it is known that it was done. */
  async function fail(stored: string): Promise<void> {
    failed.add(stored);
    for (const oldest of failed) {
      if (failed.size <= failedAtMost) break;
      failed.delete(oldest);
    }
    // The store that failed fails here too, mostly: then the next request finds out.
    await administration.forgetOnce(stored).catch(() => undefined);
  }

  return async ({ key, secret, request }, work) => {
    if (key === undefined) return work(store);
    if (!/^[\x21-\x7e]{1,200}$/.test(key))
      throw new Fault('INPUT_INVALID', { reason: 'Idempotency-Key has 1-200 printable characters without spaces.' });
    const stored = hash('sha256', `${hash('sha256', secret)} ${key}`);
    // With the secret, because a request may hold something that could be guessed.
    const before = await begin(stored, hash('sha256', `${secret} ${request}`));
    if (before !== undefined) return open(before, secret, key);
    failed.delete(stored);
    let answer: Answer;
    try {
      answer = await work(store.once(stored));
    } catch (error) {
      await fail(stored);
      throw error;
    }
    // It was done, whatever becomes of the answer that is kept.
    await administration.endOnce(stored, seal(answer, secret, key)).catch(() => failed.add(stored));
    return answer;
  };
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
