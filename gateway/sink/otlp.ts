// A sink that takes OTLP over HTTP, as protobuf or JSON: logs, traces or both.
// The rule: each URL is used exactly as the policy has it; records that the far end says it dropped (partial success) are not sent again, as OTLP asks, but told.
import type { Secret } from '#contract/secret.ts';
import { z } from 'zod';
import { type Fields } from './field.ts';
import type { Item } from './item.ts';
import { isSpan, logsRequest, type Resource, tracesRequest } from './otlp-record.ts';
import { LogsRequest, TracesRequest } from './otlp-schema.ts';
import { type Poster, refusalOf } from './post.ts';
import { decode, encode, type Message } from './protobuf.ts';
import { inWords, type Outcome, type Receiver } from './receiver.ts';
import { inSlices } from '../slice.ts';

export interface OtlpDeps {
  readonly logsUrl: string | undefined;
  readonly tracesUrl: string | undefined;
  readonly encoding: 'protobuf' | 'json';
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: readonly { readonly header: string; readonly value: Secret<string> }[];
  readonly resource: Resource;
  readonly post: Poster;
  readonly now: () => number;
}

const mediaTypes = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

export function createOtlp({ logsUrl, tracesUrl, encoding, headers, credentials, resource, post, now }: OtlpDeps): Receiver {
  /** One signal's share of the batch. */
  async function send(url: string, body: Buffer, signal: AbortSignal): Promise<Outcome> {
    // Collectors look at the case of none of them; ours are written once, in lower case, so that no header stands there twice.
    const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const answer = await post({ url, headers: { ...own, 'content-type': mediaTypes[encoding] }, credentials, body }, signal);
    if ('kind' in answer) return answer;
    const refusal = refusalOf(answer);
    if (refusal) return refusal;
    const isJson = answer.header('content-type')?.includes('json') ?? encoding === 'json';
    const rejected = rejectedOf(answer.body, isJson);
    return { kind: 'delivered', answer: String(answer.status), ...(rejected && { rejected }) };
  }

  return {
    batch: { records: 500, bytes: 1_000_000 },
    rewindMs: 0,
    async deliver(items, signal) {
      const outcomes: Outcome[] = [];
      const add = async (
        url: string | undefined,
        schema: Message,
        of: readonly Item[],
        request: (some: readonly Item[]) => Fields,
      ) => {
        if (url === undefined || of.length === 0 || outcomes.some(({ kind }) => kind !== 'delivered')) return;
        const body = encoding === 'json' ? asJson(await inSlices(of, request)) : await asProtobuf(of, schema, request);
        outcomes.push(await send(url, body, signal));
      };
      const at = now();
      await add(logsUrl, LogsRequest, items, (some) => logsRequest(some, resource, at));
      await add(tracesUrl, TracesRequest, items.filter(isSpan), (some) => tracesRequest(some, resource));
      return together(outcomes);
    },
    close: () => Promise.resolve(),
  };
}

/** Requests that stand one after the other are one request with all that is in them. */
async function asProtobuf(of: readonly Item[], schema: Message, request: (some: readonly Item[]) => Fields): Promise<Buffer> {
  return Buffer.concat(await inSlices(of, (some) => encode(schema, request(some))));
}

function asJson(requests: readonly Fields[]): Buffer {
  const [name = ''] = Object.keys(requests[0] ?? {});
  return Buffer.from(JSON.stringify({ [name]: requests.flatMap((one) => one[name]) }));
}

function together(outcomes: readonly Outcome[]): Outcome {
  const bad = outcomes.find(({ kind }) => kind !== 'delivered');
  if (bad) return bad;
  const rejected = outcomes.flatMap((one) => (one.kind === 'delivered' && one.rejected ? [one.rejected] : []));
  const answer = outcomes.flatMap((one) => (one.kind === 'delivered' ? [one.answer ?? ''] : [])).join(', ');
  if (rejected.length === 0) return { kind: 'delivered', answer };
  const count = rejected.reduce((sum, one) => sum + one.count, 0);
  return { kind: 'delivered', answer, rejected: { count, reason: rejected.map(({ reason }) => reason).join('; ') } };
}

const Count = z.union([z.string(), z.number()]).transform(Number);
const Answer = z.looseObject({
  partialSuccess: z
    .looseObject({ rejectedLogRecords: Count.optional(), rejectedSpans: Count.optional(), errorMessage: z.string().optional() })
    .optional(),
});

/** What it says of a part that it did not take. What can't be read says nothing: the status has said that it took the request. */
function rejectedOf(body: Buffer, isJson: boolean): { readonly count: number; readonly reason: string } | undefined {
  try {
    const { count, reason } = isJson ? ofJson(body) : ofProtobuf(body);
    return count > 0 ? { count, reason: `it dropped ${count}: ${inWords(reason)}` } : undefined;
  } catch {
    return undefined;
  }
}

function ofJson(body: Buffer): { readonly count: number; readonly reason: string } {
  const { partialSuccess: said } = Answer.parse(JSON.parse(body.toString('utf8')));
  return { count: said?.rejectedLogRecords ?? said?.rejectedSpans ?? 0, reason: said?.errorMessage ?? '' };
}

function ofProtobuf(body: Buffer): { readonly count: number; readonly reason: string } {
  const partial = decode(body).get(1);
  const fields = Buffer.isBuffer(partial) ? decode(partial) : new Map<number, bigint | Buffer>();
  const [count, reason] = [fields.get(1), fields.get(2)];
  return { count: typeof count === 'bigint' ? Number(count) : 0, reason: Buffer.isBuffer(reason) ? reason.toString('utf8') : '' };
}
