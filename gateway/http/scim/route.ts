// SCIM 2.0 (RFC 7643, RFC 7644): a directory provisions people and groups. In this order: who asks, what came, then one change with its deed. The rule: a directory's
// token opens these addresses and nothing else, and nothing else opens them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { z } from 'zod';
import { asFault, Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { directoryActor } from '../../admin/directory-token.ts';
import type { Recorder } from '../../audit/record.ts';
import type { Search } from '../../store/directory.ts';
import type { Store } from '../../store/store.ts';
import { createRefusals } from '../../workstation/event.ts';
import { readBody } from '../body.ts';
import { createFloodGate } from '../flood.ts';
import { keyTwice, readJson } from '../json.ts';
import { answer, answerError, answerList, answerResource } from './answer.ts';
import { type Kind, matchOf, sortOf } from './attribute.ts';
import { listedAtMost, resourceTypes, schemas, serviceProviderConfig } from './discovery.ts';
import { parseFilter } from './filter.ts';
import type { Attributes } from './patch.ts';
import { scimPath } from './path.ts';
import { groupResource, type Resource, userResource } from './resource.ts';

const atOnce = 32;
const perMinute = 12_000;
const refusedPerMinute = 120;
const bodyLimitBytes = 4 * 2 ** 20;

export type ScimRoute = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;

export function createScimRoute(deps: {
  readonly store: Store;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly publicOrigin: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Something was changed, so that this process need not look for it. */
  readonly onChanged: () => void;
}): ScimRoute {
  const { store, logger, now, addressOf } = deps;
  const base = deps.publicOrigin + scimPath;
  const flood = createFloodGate({ perMinute, what: 'SCIM', now, addressOf });
  const strangers = createFloodGate({ perMinute: refusedPerMinute, what: 'SCIM', now, addressOf });
  const refused = createRefusals(deps.recorder.append.bind(deps.recorder), now);
  let running = 0;

  async function serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    try {
      flood(request);
      if (running >= atOnce) throw new Fault('BUSY', { what: 'SCIM' });
      running++;
      try {
        const actor = await directoryActor(store, request.headers.authorization, now()).catch(async (error: unknown) => {
          const { code } = asFault(error, newId());
          await refused({ event: 'directory_refused', user: null, code, detail: { address: addressOf(request) } });
          strangers(request);
          throw error;
        });
        await route(request, response, path.slice(scimPath.length).split('/').slice(1), {
          store,
          actor,
          reason: null,
          now,
          base,
        });
        if (request.method !== 'GET') deps.onChanged();
      } finally {
        running--;
      }
    } catch (error) {
      answerError(response, error, logger);
    }
  }

  return (request, response, path) =>
    path === scimPath || path.startsWith(`${scimPath}/`) ? serve(request, response, path) : undefined;

  async function route(
    request: IncomingMessage,
    response: ServerResponse,
    [noun, encoded, ...more]: readonly string[],
    acting: Parameters<typeof userResource>[0],
  ): Promise<void> {
    const id = encoded === undefined || encoded === '' ? undefined : decoded(encoded);
    if (more.length > 0) throw new Fault('NOT_FOUND');
    switch (noun) {
      case 'Users':
        return await resources(request, response, 'User', userResource(acting), id);
      case 'Groups':
        return await resources(request, response, 'Group', groupResource(acting), id);
      case 'ServiceProviderConfig':
        allow(request, 'GET');
        if (id !== undefined) throw new Fault('NOT_FOUND');
        return answer(response, 200, serviceProviderConfig(base));
      case 'ResourceTypes':
        return described(request, response, resourceTypes(base), id);
      case 'Schemas':
        return described(request, response, schemas(base), id);
      default:
        throw new Fault('NOT_FOUND');
    }
  }
}

async function resources(
  request: IncomingMessage,
  response: ServerResponse,
  kind: Kind,
  of: Resource,
  id: string | undefined,
): Promise<void> {
  const ifMatch = request.headers['if-match'];
  if (id === undefined) {
    allow(request, 'GET, POST');
    if (request.method === 'POST')
      return answerResource(request, response, { status: 201, ...(await of.create(await bodyOf(request))) });
    const search = searchOf(kind, request.url);
    const { total, resources: found } = await of.list(search, request.url);
    return answerList(request, response, { total, startIndex: search.offset + 1, resources: found });
  }
  allow(request, 'GET, PUT, PATCH, DELETE');
  switch (request.method) {
    case 'PUT':
      return answerResource(request, response, { status: 200, ...(await of.replace(id, await bodyOf(request), ifMatch)) });
    case 'PATCH':
      return answerResource(request, response, {
        status: 200,
        ...(await of.patch(id, await bodyOf(request), ifMatch, request.url)),
      });
    case 'DELETE':
      await of.remove(id, ifMatch);
      return answer(response, 204, undefined);
    default:
      return answerResource(request, response, { status: 200, ...(await of.read(id, request.url)) });
  }
}

const usualCount = 100;
/** No list is that long. */
const beyondAll = 1_000_000_000;

function searchOf(kind: Kind, url: string | undefined): Search {
  const query = new URL(url ?? '', 'http://localhost').searchParams;
  const filter = query.get('filter');
  if (filter !== null) refuseNul(filter);
  const number = (name: string, usual: number) => {
    const value = query.get(name);
    if (value === null) return usual;
    if (!/^-?\d{1,100}$/.test(value))
      throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidValue', reason: `${name} is a whole number.` });
    return Math.min(Number(value), beyondAll);
  };
  return {
    match: filter === null || filter.trim() === '' ? undefined : matchOf(kind, parseFilter(filter)),
    sort: sortOf(kind, query.get('sortBy') ?? undefined),
    descending: query.get('sortOrder')?.toLowerCase() === 'descending',
    offset: Math.max(number('startIndex', 1), 1) - 1,
    limit: Math.min(Math.max(number('count', usualCount), 0), listedAtMost),
  };
}

function described(
  request: IncomingMessage,
  response: ServerResponse,
  all: readonly { readonly id: string }[],
  id: string | undefined,
): void {
  allow(request, 'GET');
  if (id === undefined) return answerList(request, response, { total: all.length, startIndex: 1, resources: all });
  const found = all.find((one) => one.id === id);
  if (!found) throw new Fault('NOT_FOUND');
  answer(response, 200, found);
}

const AttributesBody = z.custom<Attributes>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

async function bodyOf(request: IncomingMessage): Promise<Attributes> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/scim+json' && type !== 'application/json') throw new Fault('MEDIA_TYPE');
  const bytes = await readBody(request, bodyLimitBytes);
  const { value, text } = readJson(bytes);
  refuseNul(text);
  const twice = keyTwice(text);
  if (twice !== undefined)
    throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidSyntax', reason: `${twice} stands there twice.` });
  const read = AttributesBody.safeParse(value);
  if (!read.success) throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidSyntax', reason: 'The body is no JSON object.' });
  return read.data;
}

/** PostgreSQL keeps no text with this character: it would be the store that fails, and be asked again for ever. */
function refuseNul(text: string): void {
  if (text.includes('\0') || text.includes('\\u0000'))
    throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidValue', reason: 'No text has the character U+0000.' });
}

function decoded(text: string): string {
  try {
    const id = decodeURIComponent(text);
    if (!id.includes('\0')) return id;
  } catch {
    // No id is written like this.
  }
  throw new Fault('NOT_FOUND');
}

function allow(request: IncomingMessage, methods: string): void {
  if (!methods.split(', ').includes(request.method ?? '')) throw new Fault('METHOD_NOT_ALLOWED', { allow: methods });
}
