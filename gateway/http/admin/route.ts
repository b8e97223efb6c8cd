// The admin API over HTTP: routes made from the contract's table. In this order: who asks, may they, what came, then the operation. The rule: a bearer token and
// nothing else lets somebody in, so no page of a browser can use what another one has; each refusal is on record.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { adminPath, type Operation } from '#contract/admin-operation.ts';
import type { EventRecord } from '#contract/audit.ts';
import { asFault, Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { actorOf } from '../../admin/access-token.ts';
import type { Actor } from '../../admin/actor.ts';
import type { AdminDeps } from '../../admin/context.ts';
import { doneBy } from '../../admin/operation.ts';
import { etagOf } from '../../admin/policy-part.ts';
import type { Recorder } from '../../audit/record.ts';
import type { Store } from '../../store/store.ts';
import { createRefusals } from '../../workstation/event.ts';
import { readBody } from '../body.ts';
import { answerJson } from '../error.ts';
import { names, strongTagsIn, tagsIn } from '../etag.ts';
import { createFloodGate } from '../flood.ts';
import { keyTwice, readJson } from '../json.ts';
import { createMatch, type Matched } from './match.ts';
import { type Answer, createOnce } from './once.ts';

const atOnce = 64;
/** Of these, for what cuts somebody or something off: nothing that takes its time holds that up. */
const urgentAtOnce = 16;
/** Of one address. */
const perMinute = 6000;
const refusedPerMinute = 120;
const documentsPerMinute = 120;
/** Bodies that may be large (a whole policy) are read and looked at few at a time, because each takes memory and a moment of everybody's. */
const largeBytes = 1024 * 1024;
const largeAtOnce = 2;

export type AdminRoute = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;

export function createAdminRoute(
  deps: AdminDeps & {
    readonly recorder: Pick<Recorder, 'append'>;
    readonly logger: Logger;
    readonly addressOf: (request: IncomingMessage) => string;
    /** Something was changed, so that this process need not look for it. */
    readonly onChanged: () => void;
    /** What anybody may read here, by its path. */
    readonly documents: ReadonlyMap<string, () => object>;
  },
): AdminRoute {
  const { store, now, addressOf } = deps;
  const match = createMatch(doneBy);
  const flood = createFloodGate({ perMinute, what: 'the admin API', now, addressOf });
  const strangers = createFloodGate({ perMinute: refusedPerMinute, what: 'the admin API', now, addressOf });
  const refused = createRefusals(deps.recorder.append.bind(deps.recorder), now);
  const readers = createFloodGate({ perMinute: documentsPerMinute, what: 'what the admin API says of itself', now, addressOf });
  const once = createOnce({ store, now });
  let running = 0;
  let large = 0;

  async function answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    flood(request);
    const matched = readable(request, path) ?? match(request.method ?? '', path);
    const isUrgent = 'done' in matched && matched.done.operation.isUrgent;
    if (running >= (isUrgent ? atOnce : atOnce - urgentAtOnce)) throw new Fault('BUSY', { what: 'the admin API' });
    running++;
    try {
      if ('document' in matched) {
        readers(request);
        return answerTagged(request, response, { status: 200, body: matched.document() });
      }
      const result = await perform(request, matched);
      if (matched.done.operation.method !== 'GET') deps.onChanged();
      answerTagged(request, response, result, matched.done.operation);
    } finally {
      running--;
    }
  }

  function readable(request: IncomingMessage, path: string): { readonly document: () => object } | undefined {
    const document = request.method === 'GET' ? deps.documents.get(path) : undefined;
    return document && { document };
  }

  async function perform(request: IncomingMessage, { done, params }: Matched): Promise<Answer> {
    const { operation } = done;
    const { authorization } = request.headers;
    const actor = await actorOf(store, authorization, now()).catch(async (error: unknown) => {
      await tellRefusal(request, done.id, error, null);
      strangers(request);
      throw error;
    });
    const asker = { id: actor.user.id, name: actor.user.slug };
    try {
      // Whoever may not do it is told so whatever they sent, and their body is not read.
      done.allow(actor, params);
      return await (operation.limitBytes > largeBytes
        ? few(() => carryOut(request, { done, params }, actor))
        : carryOut(request, { done, params }, actor));
    } catch (error) {
      if (error instanceof Fault && isForbidden(error)) await tellRefusal(request, done.id, error, asker);
      throw error;
    }
  }

  async function few<T>(work: () => Promise<T>): Promise<T> {
    if (large >= largeAtOnce) throw new Fault('BUSY', { what: 'the policy' });
    large++;
    return await work().finally(() => large--);
  }

  async function carryOut(request: IncomingMessage, { done, params }: Matched, actor: Actor): Promise<Answer> {
    const { operation } = done;
    const query = queryOf(request.url ?? '');
    const reason = operation.method === 'GET' ? null : (query['reason'] ?? null);
    const ifMatch = request.headers['if-match'];
    // Whoever says it counts on it.
    if (ifMatch !== undefined && operation.method !== 'GET' && !operation.isConditional)
      throw new Fault('INPUT_INVALID', { reason: `${done.id} takes no If-Match: leave it out.` });
    const context = { ...deps, actor, reason, ifMatch: ifMatch === undefined ? undefined : strongTagsIn(ifMatch) };
    const body = await bodyOf(request, operation);
    const run = async (from: Store): Promise<Answer> => {
      const result = await done.run({ ...context, store: from }, { params, query, body: body.value });
      return { status: operation.status, body: JSON.parse(JSON.stringify(result ?? null)) };
    };
    // What makes nothing may be asked as often as somebody likes, and its answer need not be kept.
    if (operation.status !== 201) return await run(store);
    const { authorization = '', 'idempotency-key': key } = request.headers;
    const said = `${operation.method} ${request.url}\n${body.text}`;
    return await once({ key: one(key), secret: authorization, request: said }, run);
  }

  async function tellRefusal(
    request: IncomingMessage,
    operation: string,
    error: unknown,
    user: EventRecord['user'],
  ): Promise<void> {
    const fault = asFault(error, newId());
    const { capability } = fault.fields;
    await refused({
      event: 'admin_refused',
      user,
      code: fault.code,
      detail: { operation, address: addressOf(request), ...(capability === undefined ? {} : { capability }) },
    });
  }

  return (request, response, path) => (path.startsWith(`${adminPath}/`) ? answer(request, response, path) : undefined);
}

const isForbidden = ({ code }: Fault): boolean =>
  code === 'CAPABILITY_NEEDED' || code === 'ABOVE_OWN' || code === 'GATEWAY_NOT_GRANTED' || code === 'LAST_SUPER_ADMIN';

/** Each name once: of two nobody could say which one counts. */
function queryOf(url: string): Readonly<Record<string, string>> {
  const pairs = [...new URL(url, 'http://localhost').searchParams];
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length) throw new Fault('INPUT_INVALID', { reason: 'the query has a name twice.' });
  return Object.fromEntries(pairs);
}

async function bodyOf(request: IncomingMessage, { method, limitBytes }: Operation): Promise<{ value: unknown; text: string }> {
  if (method === 'GET') return { value: undefined, text: '' };
  const bytes = await readBody(request, limitBytes);
  if (bytes.length === 0) return { value: undefined, text: '' };
  if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json') throw new Fault('MEDIA_TYPE');
  const read = readJson(bytes);
  const twice = keyTwice(read.text);
  if (twice !== undefined) throw new Fault('INPUT_INVALID', { reason: `body.${twice}: this key stands there twice.` });
  return read;
}

/** What one thing is shown as has a tag, by which a change says what it is a change of. */
function answerTagged(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: { readonly status: number; readonly body: unknown },
  operation?: Operation,
): void {
  if (operation === undefined || operation.method === 'GET' || operation.method === 'PUT' || operation.method === 'POST') {
    const tag = etagOf(body);
    response.setHeader('ETag', tag);
    if (request.method === 'GET' && names(tagsIn(request.headers['if-none-match'] ?? ''), tag)) {
      response.writeHead(304).end();
      return;
    }
  }
  answerJson(response, status, body);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
