// Whoever gets webhooks as Standard Webhooks says that they must be verified: id, time within five minutes, one of the signatures right.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Answer, Post } from './receiver.ts';

const Body = z.strictObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.looseObject({ records: z.array(z.looseObject({ id: z.string() })).optional() }),
});

export function answerWebhook(secret: string, onBody: (body: z.infer<typeof Body>, id: string) => void): (post: Post) => Answer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return ({ headers, body }) => {
    const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
      String(headers[name]),
    );
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return { status: 401, body: 'too old' };
    const expected = createHmac('sha256', key)
      .update(`${id}.${timestamp}.${body.toString('utf8')}`)
      .digest();
    const isSigned = (signatures ?? '').split(' ').some((each) => {
      const [version, signature = ''] = each.split(',');
      const given = Buffer.from(signature, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (!isSigned) return { status: 401, body: 'not signed by you' };
    onBody(Body.parse(JSON.parse(body.toString('utf8'))), id ?? '');
    return { status: 204 };
  };
}
