// Where the rules of a gateway meet its traffic: what goes to a server, what comes from it in whatever message, and what it says of its items. The rule:
// what goes on is what was inspected, nothing else; what can't be inspected goes nowhere; whatever was found is on record, before it goes on.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { RuleHit } from '#contract/rule.ts';
import type { AllowedCall, AllowedListing, HostAnswer } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { type Feature, nameShown, useOf } from '../mcp/feature.ts';
import { isObject, parse, readMessage, type RequestMessage, type Source } from '../mcp/jsonrpc.ts';
import { type Member, membersOf, type Span } from '../mcp/span.ts';
import type { Chain, Direction, Scope } from '../rule/compile.ts';
import type { EngineQuestion, Engines } from '../rule/engine.ts';
import { inspect, type Inspected, type Subject } from '../rule/inspect.ts';
import type { Own, Part } from '../rule/place.ts';
import type { ListedItem, Reply, Told } from '../upstream/upstream.ts';
import { addHits, recordDropped, recordLate } from './hit.ts';
import { ownOfNotification, ownOfQuestion, ownOfReply, ownOfRequest } from './own.ts';

export interface ScreenDeps {
  readonly inForce: InForce;
  readonly engines: Engines;
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** A notification was dropped, because too many waited for an engine. */
  readonly onDropped: () => void;
}
type Sent = { readonly body: Buffer; readonly message: RequestMessage };
/** Each is undefined where nothing was changed, a promise only where an engine is asked; throws or rejects with RULE_BLOCKED, RULE_UNDECIDED. */
type Screened<T> = T | undefined | Promise<T | undefined>;

export interface Screen {
  /** The request as it goes to the server. */
  request(call: AllowedCall, message: RequestMessage, signal: AbortSignal): Screened<Sent>;
  /** The server's answer, an error of it included. */
  reply(call: AllowedCall, reply: Reply, signal: AbortSignal): Screened<Reply>;
  /** What a server asks its host, and what the host answers. */
  question(call: AllowedCall, body: Buffer, signal: AbortSignal): Screened<Buffer>;
  answer(call: AllowedCall, answer: HostAnswer, signal: AbortSignal): Screened<HostAnswer>;
  /** Progress, log messages and the like of a server, and what a host reports of its progress with a question. What is blocked is dropped. Never throws. */
  notification(of: Told, body: Buffer, tell: (body: Buffer) => void, on?: Direction): void;
  /** Items of a list as the host may see them; whose definition is blocked is left out. */
  definitions(
    listing: AllowedListing,
    feature: Feature,
    items: readonly ListedItem[],
    onHit: (hits: readonly RuleHit[]) => void,
    onBlocked: (item: ListedItem, why: Fault) => void,
    signal: AbortSignal,
  ): readonly ListedItem[] | Promise<readonly ListedItem[]>;
  /** Words of a server about itself; undefined where they are blocked. */
  words(
    listing: AllowedListing,
    words: string,
    onHit: (hits: readonly RuleHit[]) => void,
    signal: AbortSignal,
  ): string | undefined | Promise<string | undefined>;
}

/** Notifications that wait for an engine, of one call or conversation: more are dropped, counted, and on record once the others are through. */
const waitingAtMost = 64;
const engineWithinMs = 35_000;

type Kind = 'request' | 'response' | 'notification';
/** Which message it is. `own`: of its bytes, asked only where there are rules. */
interface About {
  readonly on: Direction;
  readonly of: Told;
  readonly kind: Kind;
  readonly own: (body: Buffer, members: readonly Member[]) => Own;
}

export function createScreen(deps: ScreenDeps): Screen {
  const { inForce, engines, recorder, logger } = deps;
  /** Notifications that wait for an engine, so that they stay in their order. */
  const queues = new WeakMap<object, { last: Promise<void>; waiting: number; dropped: number }>();

  function chainOf(gateway: string, on: Direction, scope: Scope): Chain | undefined {
    return inForce.current().gateways.get(gateway)?.rules?.chain(on, scope);
  }

  /** Where in the body the rules look, and the same of what an engine makes of it. */
  function subject({ on, of, kind, own }: About, body: Buffer, members: readonly Member[]): Subject | undefined {
    const { span, part } = partOf(members, kind) ?? {};
    if (!span || !part) return undefined;
    const relocate = (made: Buffer): Span | undefined =>
      isSame(body, made, kind) ? partOf(membersOf(made, 0), kind)?.span : undefined;
    const scope = scopeOf(of);
    const uri = on === 'request' && kind === 'request' && scope === 'resources' ? of.item?.name : undefined;
    return { on, scope, part, body, span, relocate, uri, own: own(body, members), metadata: () => metadataOf(of, on) };
  }

  function note(of: Pick<Told, 'hits' | 'caller' | 'assignment' | 'method'>, hits: readonly RuleHit[]): void | Promise<void> {
    if (hits.length === 0) return;
    const { hits: log } = of;
    if (!log || log.isClosed) return recordLate(recorder, of, hits);
    addHits(log, hits);
  }

  /** Runs the chain over one message. `source`: what it was read from, where it was. The body that goes on; undefined where it is as it was. */
  function run(message: About, body: Buffer, signal: AbortSignal, source?: Source): Screened<Buffer> {
    const { on, of } = message;
    const chain = chainOf(of.assignment.gateway.slug, on, scopeOf(of));
    if (chain === undefined) return undefined;
    // Of other bytes it says nothing.
    const members = source?.body === body ? source.members : membersOf(body, 0);
    const as = withoutOthers(body, members);
    const about = subject(message, as ?? body, as ? membersOf(as, 0) : members);
    if (!about) return as;
    const inspected = inspect(chain, about, engines, signal);
    if (inspected instanceof Promise) return inspected.then((outcome) => settle(of, outcome, as));
    return settle(of, inspected, as);
  }

  /** `as`: what goes on where no rule changed anything; undefined for the message as it came. */
  function settle(of: Told, inspected: Inspected, as: Buffer | undefined): Screened<Buffer> {
    const noted = note(of, inspected.hits);
    const outcome = () => {
      if (inspected.kind === 'blocked') throw inspected.fault;
      return inspected.kind === 'changed' ? inspected.body : as;
    };
    return noted ? noted.then(outcome) : outcome();
  }

  /** The name of a foreign method that the policy does not name is a word of the host. What is found in it can't be changed. */
  function checkName(call: AllowedCall, signal: AbortSignal): Screened<Buffer> {
    const { assignment, body, item } = call;
    const isNamed = item.kind !== 'methods' || assignment.exposure('methods') !== 'all';
    const chain = isNamed ? undefined : chainOf(assignment.gateway.slug, 'request', 'methods');
    const members = chain ? membersOf(body, 0) : [];
    const span = members.find(({ key }) => key === 'method')?.value;
    if (!chain || !span) return undefined;
    // With its params the whole message comes before whoever judges whole ones.
    const isAlone = !members.some(({ key }) => key === 'params');
    const asked: Engines = isAlone ? engines : { ...engines, judge: () => Promise.resolve({ kind: 'pass' }) };
    const about: Subject = {
      ...{ on: 'request', scope: 'methods', part: 'params', body, span },
      ...{ relocate: () => undefined, metadata: () => metadataOf(call, 'request') },
    };
    const settled = (inspected: Inspected): Screened<Buffer> => {
      if (call.hits && inspected.hits.length > 0) call.hits.isOfName = true;
      return settle(call, inspected, undefined);
    };
    const inspected = inspect(chain, about, asked, signal);
    return inspected instanceof Promise ? inspected.then(settled) : settled(inspected);
  }

  function then<T, U>(screened: Screened<T>, as: (value: T) => U): Screened<U> {
    if (screened instanceof Promise) return screened.then((value) => (value === undefined ? undefined : as(value)));
    return screened === undefined ? undefined : as(screened);
  }

  return {
    request: (call, message, signal) => {
      const about: About = { on: 'request', of: call, kind: 'request', own: () => ownOfRequest(call) };
      const look = () => run(about, call.body, signal, message.source);
      const named = checkName(call, signal);
      return then(named instanceof Promise ? named.then(look) : look(), (body) => {
        const changed = readMessage(body);
        if (changed.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'a rule made something else of it' });
        return { body, message: changed };
      });
    },
    reply: (call, reply, signal) =>
      then(
        run(
          { on: 'response', of: call, kind: 'response', own: () => ownOfReply(call, reply) },
          reply.body,
          signal,
          reply.message.source,
        ),
        (changed) => replyOf(changed),
      ),
    question: (call, body, signal) =>
      run({ on: 'response', of: call, kind: 'request', own: () => ownOfQuestion(call) }, body, signal),
    answer: (call, { body }, signal) =>
      then(run({ on: 'request', of: call, kind: 'response', own: () => ownOfQuestion(call) }, body, signal), (changed) => {
        const { idSpan } = replyOf(changed).message;
        if (!idSpan) throw new Fault('INVALID_REQUEST', { reason: 'a rule made something else of it' });
        return { body: changed, id: idSpan };
      }),
    notification(of, body, tell, on = 'response') {
      try {
        const key = of.hits ?? of;
        const known = queues.get(key);
        if (!known?.waiting && chainOf(of.assignment.gateway.slug, on, scopeOf(of)) === undefined) return tell(body);
        const queue = known ?? { last: Promise.resolve(), waiting: 0, dropped: 0 };
        // Before anybody is asked about it: a server may say as much as it likes.
        if (queue.waiting >= waitingAtMost) {
          queue.dropped++;
          return deps.onDropped();
        }
        const own = (text: Buffer, members: readonly Member[]) => ownOfNotification(text, members, on);
        const screened = run({ on, of, kind: 'notification', own }, body, AbortSignal.timeout(engineWithinMs));
        if (!(screened instanceof Promise) && queue.waiting === 0) return tell(screened ?? body);
        // It may be refused before its turn.
        if (screened instanceof Promise) screened.catch(() => undefined);
        queue.waiting++;
        queue.last = queue.last
          .then(async () => tell((await screened) ?? body))
          .catch(() => undefined) // blocked: dropped
          .then(async () => {
            if (--queue.waiting > 0 || queue.dropped === 0) return;
            const { dropped } = queue;
            queue.dropped = 0;
            await recordDropped(recorder, of, dropped);
          })
          .catch((error: unknown) => logger.error({ err: error }, 'dropped notifications could not be put on record'));
        queues.set(key, queue);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) logger.error({ err: thrown }, 'a notification could not be inspected, so it was dropped');
      }
    },
    definitions(listing, feature, items, onHit, onBlocked, signal) {
      const chain = chainOf(listing.assignment.gateway.slug, 'response', 'definitions');
      if (chain === undefined) return items;
      const one = (item: ListedItem): ListedItem | undefined | Promise<ListedItem | undefined> => {
        const about = definitionOf(listing, item.json, feature.key);
        const shown = (inspected: Inspected): ListedItem | undefined => {
          onHit(inspected.hits);
          if (inspected.kind === 'changed') return listedAgain(item, inspected.body, feature);
          if (inspected.kind === 'passed') return item;
          onBlocked(item, inspected.fault);
          return undefined;
        };
        const inspected = inspect(chain, about, engines, signal);
        return inspected instanceof Promise ? inspected.then(shown) : shown(inspected);
      };
      if (chain.rules.some(({ kind }) => kind === 'webhook' || kind === 'analyzer')) return inTurn(items, one);
      return items.map(one).filter((item): item is ListedItem => item !== undefined && !(item instanceof Promise));
    },
    words(listing, words, onHit, signal) {
      const chain = chainOf(listing.assignment.gateway.slug, 'response', 'definitions');
      if (chain === undefined) return words;
      const body = Buffer.from(JSON.stringify({ description: words }));
      const said = (inspected: Inspected): string | undefined => {
        onHit(inspected.hits);
        if (inspected.kind === 'blocked') return undefined;
        const value: unknown =
          inspected.kind === 'changed' ? JSON.parse(inspected.body.toString('utf8')) : { description: words };
        return isObject(value) && typeof value['description'] === 'string' ? value['description'] : undefined;
      };
      const about = definitionOf(listing, body, undefined);
      const inspected = inspect(chain, about, engines, signal);
      return inspected instanceof Promise ? inspected.then(said) : said(inspected);
    },
  };
}

/** Items of one list that engines are asked about at once: they serve all other calls too. */
const itemsAtOnce = 64;

async function inTurn(
  items: readonly ListedItem[],
  look: (item: ListedItem) => ListedItem | undefined | Promise<ListedItem | undefined>,
): Promise<readonly ListedItem[]> {
  const left = items.entries();
  const shown: (ListedItem | undefined)[] = [];
  const worker = async () => {
    for (const [at, item] of left) shown[at] = await look(item);
  };
  await Promise.all(Array.from({ length: Math.min(itemsAtOnce, items.length) }, worker));
  return shown.filter((item) => item !== undefined);
}

function scopeOf({ item }: Pick<Told, 'item'>): Scope {
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
function withoutOthers(body: Buffer, members: readonly Member[]): Buffer | undefined {
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

function replyOf(body: Buffer): Reply {
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Fault('INVALID_REQUEST', { reason: 'a rule made something else of it' });
  return { body, message };
}

/** An item by itself. `key`: what has to stay as it is. */
function definitionOf(listing: AllowedListing, body: Buffer, key: string | undefined): Subject {
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

function listedAgain(item: ListedItem, json: Buffer, { key }: Feature): ListedItem | undefined {
  const nameSpan = membersOf(json, 0).find((member) => member.key === key)?.value;
  return nameSpan && { name: item.name, json, nameSpan };
}
