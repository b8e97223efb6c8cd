// A sink that is a Splunk HTTP Event Collector. With acknowledgement a batch counts as delivered when an indexer has it: the collector gives a number for it,
// and is asked about that number until it says so.
// The rule: what is not acknowledged within its time is sent again, on the same channel; whoever searches tells doubles by `id`.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { reveal, Secret } from '#contract/secret.ts';
import type { Item } from './item.ts';
import { type Poster, refusalOf } from './post.ts';
import { inWords, type Outcome, type Receiver } from './receiver.ts';
import { inSlices } from '../slice.ts';

export interface SplunkDeps {
  /** Without `/services/collector`. */
  readonly url: string;
  readonly token: Secret<string>;
  readonly isAcknowledged: boolean;
  /** Whose events these are, for Splunk: a GUID that stays the same. */
  readonly channel: string;
  readonly about: Readonly<Record<'host' | 'source' | 'sourcetype', string>> & { readonly index?: string | undefined };
  readonly post: Poster;
  readonly askEveryMs?: number;
  readonly acknowledgedWithinMs?: number;
}

const Sent = z.looseObject({ code: z.number().optional(), text: z.string().optional(), ackId: z.number().optional() });
const Acknowledged = z.looseObject({ acks: z.record(z.string(), z.boolean()) });
/** Answers of the collector that are about what was sent: no data, a format that is not valid, an event that is missing or blank. */
const contentCodes: ReadonlySet<number> = new Set([5, 6, 12, 13, 15]);

export function createSplunk(deps: SplunkDeps): Receiver {
  const { url, token, isAcknowledged, channel, about, post, askEveryMs = 1000, acknowledgedWithinMs = 120_000 } = deps;
  const base = `${url.replace(/\/+$/, '')}/services/collector`;
  const credentials = [{ header: 'authorization', value: new Secret(`Splunk ${reveal(token)}`) }];
  const headers = { 'content-type': 'application/json', 'x-splunk-request-channel': channel };

  async function acknowledged(id: number, signal: AbortSignal): Promise<Outcome> {
    const until = performance.now() + acknowledgedWithinMs;
    const body = Buffer.from(JSON.stringify({ acks: [id] }));
    let everyMs = Math.min(askEveryMs, 50);
    while (performance.now() < until) {
      const answer = await post({ url: `${base}/ack?channel=${channel}`, headers, credentials, body }, signal);
      if ('kind' in answer) return answer;
      const refusal = refusalOf(answer);
      // About the question, not about the records.
      if (refusal) return { ...refusal, kind: 'later' };
      const said = read(Acknowledged, answer.body);
      if (said === undefined) return { kind: 'later', reason: 'it does not say what it acknowledges' };
      if (said.acks[String(id)] === true) return { kind: 'delivered', answer: `200, acknowledged as ${id}` };
      await wait(everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return { kind: 'later', reason: 'the sending was ended' };
      everyMs = Math.min(everyMs * 2, askEveryMs);
    }
    return { kind: 'later', reason: `it did not acknowledge within ${acknowledgedWithinMs / 1000} s` };
  }

  return {
    batch: { records: 2000, bytes: 900_000 },
    rewindMs: 0,
    async deliver(items, signal) {
      const events = await inSlices(items, (some) => some.map((item) => eventOf(item, about)).join('\n'));
      const body = Buffer.from(events.join('\n'));
      const answer = await post({ url: `${base}/event`, headers, credentials, body }, signal);
      if ('kind' in answer) return answer;
      const said = read(Sent, answer.body);
      const refusal = refusalOf(answer);
      if (refusal?.kind === 'refused' && !contentCodes.has(said?.code ?? 6)) return { ...refusal, kind: 'later' };
      if (refusal) return refusal;
      if (!isAcknowledged) return { kind: 'delivered', answer: `${answer.status} ${inWords(said?.text ?? '')}`.trim() };
      if (said?.ackId === undefined)
        return {
          kind: 'later',
          reason: 'it gave no number to ask by: turn on "indexer acknowledgement" of its token, or set acknowledge: false',
        };
      return await acknowledged(said.ackId, signal);
    },
    close: () => Promise.resolve(),
  };
}

function eventOf({ at, id, body }: Item, about: SplunkDeps['about']): string {
  return JSON.stringify({ time: at / 1000, ...about, event: body, fields: { id } });
}

function read<T extends z.ZodType>(schema: T, body: Buffer): z.infer<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
