// A sink that is a webhook, signed as Standard Webhooks has it: HMAC-SHA256 over id, time and body, so that whoever gets it knows from whom it is and when it was sent.
// The rule: the same records have the same id, however often they are sent; another composition has another, and each record has its own besides.
import { createHmac, hash } from 'node:crypto';
import { reveal, type Secret } from '#contract/secret.ts';
import { inWords, type Receiver } from './receiver.ts';
import { type Poster, refusalOf } from './post.ts';

export interface WebhookDeps {
  readonly url: string;
  /** `whsec_` and the key in base64. */
  readonly secret: Secret<string>;
  readonly post: Poster;
  readonly now: () => number;
}

export function createWebhook({ url, secret, post, now }: WebhookDeps): Receiver {
  return {
    batch: { records: 200, bytes: 512 * 1024 },
    rewindMs: 0,
    async deliver(items, signal) {
      const at = now();
      const records = items.map(({ text }) => text).join(',');
      const body = Buffer.from(
        `{"type":"audit.records","timestamp":${JSON.stringify(new Date(at).toISOString())},"data":{"records":[${records}]}}`,
      );
      const id = `msg_${hash('sha256', items.map((item) => item.id).join()).slice(0, 32)}`;
      const answer = await post(
        {
          url,
          headers: { 'content-type': 'application/json', ...signed(id, Math.floor(at / 1000), body, secret) },
          credentials: [],
          body,
        },
        signal,
      );
      if ('kind' in answer) return answer;
      return (
        refusalOf(answer) ?? { kind: 'delivered', answer: `${answer.status} ${inWords(answer.body.toString('utf8'))}`.trim() }
      );
    },
    close: () => Promise.resolve(),
  };
}

/** The three headers of Standard Webhooks, version 1 of its signature. `seconds` since 1970. */
export function signed(id: string, seconds: number, body: Buffer, secret: Secret<string>): Readonly<Record<string, string>> {
  const key = Buffer.from(reveal(secret).replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
