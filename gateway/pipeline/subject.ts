// What of a message the rules of its gateway look at: which part, as what it counts, and what an engine may put in its place. Pure.
// The rule: what takes a message's place is of its kind, with its id and method, about the same thing.
import type { AllowedListing } from '../call.ts';
import { nameShown, useOf } from '../mcp/feature.ts';
import { isObject, parse, readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { type Member, membersOf, type Span } from '../mcp/span.ts';
import type { Direction, Scope } from '../rule/compile.ts';
import type { EngineQuestion } from '../rule/engine.ts';
import type { Subject } from '../rule/inspect.ts';
import type { Own, Part } from '../rule/place.ts';
import type { Told } from '../upstream/upstream.ts';

type Kind = 'request' | 'response' | 'notification';
/** Which message it is. `own`: of its bytes, asked only where there are rules. */
export interface About {
  readonly on: Direction;
  readonly of: Told;
  readonly kind: Kind;
  readonly own: (body: Buffer, members: readonly Member[]) => Own;
}

/** Where in the body the rules look, and the same of what an engine makes of it. */
export function subjectOf({ on, of, kind, own }: About, body: Buffer, members: readonly Member[]): Subject | undefined {
  const { span, part } = partOf(members, kind) ?? {};
  if (!span || !part) return undefined;
  const relocate = (made: Buffer): Span | undefined =>
    isSame(body, made, kind) ? partOf(membersOf(made, 0), kind)?.span : undefined;
  const scope = scopeOf(of);
  const uri = on === 'request' && kind === 'request' && scope === 'resources' ? of.item?.name : undefined;
  return { on, scope, part, body, span, relocate, uri, own: own(body, members), metadata: () => metadataOf(of, on) };
}

/** The name of a foreign method, by itself: what is found in it can't be changed. */
export function nameSubject(of: Told, on: Direction, body: Buffer, span: Span): Subject {
  const relocate = () => undefined;
  return { on, scope: 'methods', part: 'params', body, span, relocate, metadata: () => metadataOf(of, on) };
}

export function scopeOf({ item }: Pick<Told, 'item'>): Scope {
  if (item?.kind === 'methods') return 'methods';
  if (item?.kind === 'prompts') return 'prompts';
  return item?.kind === 'resources' || item?.kind === 'templates' ? 'resources' : 'tools';
}

function metadataOf({ caller, assignment, item, method, era }: Omit<Told, 'target'>, on: Direction): EngineQuestion['metadata'] {
  return {
    direction: on,
    method,
    era,
    user: caller.user.id,
    userName: caller.user.slug,
    gateway: assignment.gateway.id,
    gatewayName: assignment.gateway.slug,
    server: assignment.server.id,
    serverName: assignment.server.slug,
    host: caller.host,
    item: item?.name.slice(0, nameShown) ?? null,
  };
}

/** What JSON-RPC has in an envelope. */
const ofEnvelope: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

/** The message without what stands beside that in its envelope, where no rule looks; undefined where nothing does. */
export function withoutOthers(body: Buffer, members: readonly Member[]): Buffer | undefined {
  if (members.every(({ key }) => ofEnvelope.has(key))) return undefined;
  const kept = members.filter(({ key }) => ofEnvelope.has(key));
  const parts = kept.flatMap(({ key, value }, index) => [
    Buffer.from(`${index === 0 ? '{' : ','}"${key}":`),
    body.subarray(value.start, value.end),
  ]);
  return Buffer.concat([...parts, Buffer.from('}')]);
}

function partOf(members: readonly Member[], kind: Kind): { readonly span: Span; readonly part: Part } | undefined {
  const at = (key: string) => members.find((member) => member.key === key)?.value;
  if (kind !== 'response') {
    const span = at('params');
    return span && { span, part: 'params' };
  }
  const result = at('result');
  const span = result ?? at('error');
  return span && { span, part: result ? 'result' : 'error' };
}

/** Whether what an engine made may take a message's place: a valid one of its kind, with the same id and method, about the same thing. */
function isSame(body: Buffer, made: Buffer, kind: Kind): boolean {
  try {
    const [before, after] = [readMessage(body), readMessage(made)];
    if (before.kind !== kind || after.kind !== kind) return false;
    if (after.kind === 'response') return before.kind === 'response' && before.id === after.id && isObject(after.value);
    if (before.kind === 'response' || before.method !== after.method) return false;
    if (before.kind === 'notification' || after.kind === 'notification')
      return before.params.value['progressToken'] === after.params.value['progressToken'];
    return before.id === after.id && isAboutSame(body, before, made, after);
  } catch {
    return false;
  }
}

function isAboutSame(body: Buffer, before: RequestMessage, made: Buffer, after: RequestMessage): boolean {
  const [old, now] = [useOf(body, before, 'legacy'), useOf(made, after, 'legacy')];
  const isSealed = before.params.value['requestState'] === after.params.value['requestState'];
  return (
    old?.kind === now?.kind &&
    old?.name === now?.name &&
    isSealed &&
    before.params.value['taskId'] === after.params.value['taskId']
  );
}

/** An item by itself. `key`: what has to stay as it is. */
export function definitionOf(listing: AllowedListing, body: Buffer, key: string | undefined): Subject {
  const whole = (text: Buffer): Span => ({ start: 0, end: text.length });
  const nameOf = (text: Buffer): unknown => {
    const value = parse(text);
    return isObject(value) ? (key === undefined ? '' : value[key]) : undefined;
  };
  return {
    on: 'response',
    scope: 'definitions',
    part: 'definition',
    body,
    span: whole(body),
    metadata: () => metadataOf({ ...listing, item: undefined }, 'response'),
    relocate(made) {
      try {
        return nameOf(made) !== undefined && nameOf(made) === nameOf(body) ? whole(made) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
