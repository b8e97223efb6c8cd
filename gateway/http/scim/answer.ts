// What goes back to a directory: resources with a weak ETag, lists, and errors as RFC 7644 (section 3.12) has them. The rule: what nobody expected is told by a
// reference only.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { asFault, entryOf } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { faultHeaders } from '../error.ts';
import { names, tagsIn } from '../etag.ts';
import { bareName, enterpriseSchema, messageSchema } from './attribute.ts';

export function answer(
  response: ServerResponse,
  status: number,
  body: object | undefined,
  headers: Record<string, string> = {},
): void {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...(bytes && { 'Content-Type': 'application/scim+json', 'Content-Length': bytes.length }),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(bytes);
}

export function answerError(response: ServerResponse, thrown: unknown, logger: Logger): void {
  const reference = newId();
  const fault = asFault(thrown, reference);
  if (fault.code === 'INTERNAL') logger.error({ err: fault.cause ?? fault, reference }, 'request failed');
  if (response.headersSent) return void response.destroy();
  const { status } = entryOf(fault.code);
  const scimType = fault.fields['scimType'] ?? scimTypes[fault.code];
  const body = {
    schemas: [messageSchema('Error')],
    status: String(status),
    detail: fault.message,
    ...(scimType && { scimType }),
  };
  answer(response, status, body, faultHeaders(fault));
}

const scimTypes: Readonly<Record<string, string>> = {
  NAME_TAKEN: 'uniqueness',
  MALFORMED: 'invalidSyntax',
  INVALID_REQUEST: 'invalidSyntax',
};

/** A resource, or that it is as its asker has it. */
export function answerResource(
  request: IncomingMessage,
  response: ServerResponse,
  { status, resource, version, location }: { status: number; resource: object | undefined; version: number; location: string },
): void {
  const tag = tagOf(version);
  if (request.method === 'GET' && names(tagsIn(request.headers['if-none-match'] ?? ''), bare(version)))
    return answer(response, 304, undefined, { ETag: tag });
  if (resource === undefined) return answer(response, 204, undefined, { ETag: tag, Location: location });
  answer(response, status, projected(resource, request.url), { ETag: tag, Location: location });
}

export function answerList(
  request: IncomingMessage,
  response: ServerResponse,
  of: { total: number; startIndex: number; resources: readonly object[] },
): void {
  answer(response, 200, {
    schemas: [messageSchema('ListResponse')],
    totalResults: of.total,
    startIndex: of.startIndex,
    itemsPerPage: of.resources.length,
    Resources: of.resources.map((one) => projected(one, request.url)),
  });
}

const bare = (version: number) => `"${version}"`;
const tagOf = (version: number) => `W/${bare(version)}`;

/** Whether this version is the one that the asker means. Its tags are weak, so they are compared weakly (RFC 7644, 3.14). */
export function isMeant(version: number, ifMatch: string | undefined): boolean {
  return ifMatch === undefined || names(tagsIn(ifMatch), bare(version));
}

/** Which attributes were asked for, by `attributes` or `excludedAttributes`: whole ones, in lower case. */
export function namesAsked(
  url: string | undefined,
  parameter: 'attributes' | 'excludedAttributes',
): ReadonlySet<string> | undefined {
  const text = new URL(url ?? '', 'http://localhost').searchParams.get(parameter);
  if (text === null) return undefined;
  return new Set(text.split(',').map((name) => wholeOf(name.trim())));
}

/** An extension is shown whole: its schema has a dot in its name. */
function wholeOf(name: string): string {
  const extension = enterpriseSchema.toLowerCase();
  return name.toLowerCase().startsWith(extension) ? extension : (bareName(name).split('.')[0] ?? '');
}

const always: ReadonlySet<string> = new Set(['schemas', 'id']);

function projected(resource: object, url: string | undefined): object {
  const wanted = namesAsked(url, 'attributes');
  const unwanted = namesAsked(url, 'excludedAttributes');
  if (!wanted && !unwanted) return resource;
  const isAsked = (name: string) =>
    always.has(name) || (wanted ? wanted.has(name.toLowerCase()) : !unwanted?.has(name.toLowerCase()));
  return Object.fromEntries(Object.entries(resource).filter(([name]) => isAsked(name)));
}
