// Where the rules of a gateway meet its traffic: what goes to a server, what comes from it in whatever message, and what it says of its items. The rule:
// what goes on is what was inspected, nothing else; what can't be inspected goes nowhere; whatever was found is on record, before it goes on.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { RuleHit } from '#contract/rule.ts';
import type { AllowedCall, AllowedListing, HostAnswer } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import type { Exposed, Feature } from '../mcp/feature.ts';
import {
  isObject,
  type Message,
  type NotificationMessage,
  readMessage,
  type RequestMessage,
  type Source,
} from '../mcp/jsonrpc.ts';
import { type Member, membersOf } from '../mcp/span.ts';
import type { Chain, Direction, Scope } from '../rule/compile.ts';
import type { Engines } from '../rule/engine.ts';
import { inspect, type Inspected } from '../rule/inspect.ts';
import type { ListedItem, Reply, Told } from '../upstream/upstream.ts';
import { addHits, recordDropped, recordLate } from './hit.ts';
import { ownOfNotification, ownOfQuestion, ownOfReply, ownOfRequest } from './own.ts';
import { exposingNow } from './permit.ts';
import { type About, definitionOf, nameSubject, scopeOf, subjectOf, withoutOthers } from './subject.ts';

export interface ScreenDeps {
  readonly inForce: InForce;
  readonly engines: Engines;
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** A notification was dropped, because too many waited for an engine. */
  readonly onDropped: () => void;
}
/** What a host says to a server by itself. */
export type Asking = RequestMessage | NotificationMessage;
export type Sent<M extends Asking> = { readonly body: Buffer; readonly message: M };
/** Each is undefined where nothing was changed, a promise only where an engine is asked; throws or rejects with RULE_BLOCKED, RULE_UNDECIDED. */
type Screened<T> = T | undefined | Promise<T | undefined>;

export interface Screen {
  /** The request as it goes to the server. */
  request<M extends Asking>(call: AllowedCall, message: M, signal: AbortSignal): Screened<Sent<M>>;
  /** The server's answer, an error of it included. */
  reply(call: AllowedCall, reply: Reply, signal: AbortSignal): Screened<Reply>;
  /** What a server asks its host, and what the host answers. */
  question(call: AllowedCall, body: Buffer, signal: AbortSignal): Screened<Buffer>;
  answer(call: AllowedCall, answer: HostAnswer, signal: AbortSignal): Screened<HostAnswer>;
  /** Progress, log messages and the like of a server, and what a host reports of its progress with a question. What is blocked is dropped, and a foreign one that is not exposed. Never throws. */
  notification(told: Told, body: Buffer, tell: (body: Buffer) => void, on?: Direction, foreign?: Exposed): void;
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
  /** Whether what a server declares of itself (a JSON object as text) is as every rule would have it. */
  declares(
    listing: AllowedListing,
    json: string,
    onHit: (hits: readonly RuleHit[]) => void,
    signal: AbortSignal,
  ): boolean | Promise<boolean>;
}

/** Notifications that wait for an engine, of one call or conversation: more are dropped, counted, and on record once the others are through. */
const waitingAtMost = 64;
const engineWithinMs = 35_000;

export function createScreen(deps: ScreenDeps): Screen {
  const { inForce, engines, recorder, logger } = deps;
  /** Notifications that wait for an engine, so that they stay in their order. */
  const queues = new WeakMap<object, { last: Promise<void>; waiting: number; dropped: number }>();

  function chainOf(gateway: string, on: Direction, scope: Scope): Chain | undefined {
    return inForce.current().gateways.get(gateway)?.rules?.chain(on, scope);
  }

  function note(
    of: Pick<Told, 'hits' | 'caller' | 'assignment' | 'method' | 'item'>,
    hits: readonly RuleHit[],
  ): void | Promise<void> {
    if (hits.length === 0) return;
    const { hits: log } = of;
    if (!log || log.isClosed) return recordLate(recorder, of, hits);
    addHits(log, hits, of.item?.kind);
  }

  /** Runs the chain over one message. `source`: what it was read from, where it was. The body that goes on; undefined where it is as it was. */
  function run(message: About, body: Buffer, signal: AbortSignal, source?: Source): Screened<Buffer> {
    const { on, of } = message;
    const chain = chainOf(of.assignment.gateway.slug, on, scopeOf(of));
    if (chain === undefined) return undefined;
    // Of other bytes it says nothing.
    const members = source?.body === body ? source.members : membersOf(body, 0);
    const as = withoutOthers(body, members);
    const about = subjectOf(message, as ?? body, as ? membersOf(as, 0) : members);
    const look = (isInName: boolean): Screened<Buffer> => {
      if (!about) return as;
      const whose = isInName ? unnamed(of) : of;
      const inspected = inspect(chain, about, engines, signal);
      if (inspected instanceof Promise) return inspected.then((outcome) => settle(whose, outcome, as));
      return settle(whose, inspected, as);
    };
    const isInName = hasOwnName(of) && lookAtName(message, chain, { body, members }, about !== undefined, signal);
    return isInName instanceof Promise ? isInName.then(look) : look(isInName);
  }

  /**
   * The name of a foreign method that no policy names is a word of whoever says it: whether something was found in it. `isJudged`: whoever judges whole messages gets this
   * one, too.
   */
  function lookAtName(
    { on, of }: About,
    chain: Chain,
    { body, members }: Source,
    isJudged: boolean,
    signal: AbortSignal,
  ): boolean | Promise<boolean> {
    const span = members.find(({ key }) => key === 'method')?.value;
    const isItsName = span && JSON.parse(body.toString('utf8', span.start, span.end)) === of.item?.name;
    if (!isItsName) return false;
    const asked: Engines = isJudged ? { ...engines, judge: () => Promise.resolve({ kind: 'pass' }) } : engines;
    const settled = (inspected: Inspected): boolean | Promise<boolean> => {
      const isInName = inspected.hits.length > 0;
      if (of.hits && isInName) of.hits[on === 'request' ? 'isOfName' : 'isOfQuestion'] = true;
      const outcome = settle(isInName ? unnamed(of) : of, inspected, undefined);
      return outcome instanceof Promise ? outcome.then(() => isInName) : isInName;
    };
    const inspected = inspect(chain, nameSubject(of, on, body, span), asked, signal);
    return inspected instanceof Promise ? inspected.then(settled) : settled(inspected);
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

  function then<T, U>(screened: Screened<T>, as: (value: T) => U): Screened<U> {
    if (screened instanceof Promise) return screened.then((value) => (value === undefined ? undefined : as(value)));
    return screened === undefined ? undefined : as(screened);
  }

  return {
    request: (call, message, signal) => {
      const about: About = { on: 'request', of: call, kind: message.kind, own: () => ownOfRequest(call, message.kind) };
      return then(run(about, call.body, signal, message.source), (body) => {
        const changed = readMessage(body);
        if (!isOfKind(changed, message)) throw new Fault('INVALID_REQUEST', { reason: 'a rule made something else of it' });
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
    notification(told, body, tell, on = 'response', foreign) {
      try {
        const assignment = foreign ? exposingNow(inForce, told, foreign) : told.assignment;
        if (!assignment) return deps.onDropped();
        const key = told.hits ?? told;
        const of = foreign ? { ...told, assignment, method: foreign.name, item: foreign } : told;
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
            await recordDropped(recorder, hasOwnName(of) ? unnamed(of) : of, dropped);
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
    declares(listing, json, onHit, signal) {
      const chain = chainOf(listing.assignment.gateway.slug, 'response', 'definitions');
      if (chain === undefined) return true;
      const isAsItWas = ({ hits, kind }: Inspected): boolean => {
        onHit(hits);
        return kind === 'passed';
      };
      const inspected = inspect(chain, definitionOf(listing, Buffer.from(json), undefined), engines, signal);
      return inspected instanceof Promise ? inspected.then(isAsItWas) : isAsItWas(inspected);
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

/** It is a foreign method, by a name that stands in no policy. */
function hasOwnName({ item, assignment }: Told): boolean {
  return item?.kind === 'methods' && assignment.exposure('methods') === 'all';
}

/** As it is on record where something was found in its name, or nobody looked. */
function unnamed<T extends Told>(of: T): T {
  return { ...of, method: '?' };
}

function isOfKind<M extends Asking>(message: Message, as: M): message is M {
  return message.kind === as.kind;
}

function replyOf(body: Buffer): Reply {
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Fault('INVALID_REQUEST', { reason: 'a rule made something else of it' });
  return { body, message };
}

function listedAgain(item: ListedItem, json: Buffer, { key }: Feature): ListedItem | undefined {
  const nameSpan = membersOf(json, 0).find((member) => member.key === key)?.value;
  return nameSpan && { name: item.name, json, nameSpan };
}
