// tools/list and its like: asks every assigned server that may be listed, in parallel, and shows only what is provisioned, by the policy of the moment in which
// the answer is made. What is hidden is on record.
// On the aggregated route a server that does not answer is shown as it last was, else left out, so that one dead server does not take the others
// with it, nor hold them up (late-list.ts); that is on record, in the log, and in the answer.
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { RuleHit } from '#contract/rule.ts';
import type { AllowedListing, Answered, Assignment, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { type Feature, type Item, unknownItem } from '../mcp/feature.ts';
import { pageEdits } from '../mcp/item-link.ts';
import { prefixed } from '../mcp/item-name.ts';
import { inOrder, splice } from '../mcp/span.ts';
import type { Snapshot } from '../policy/compile.ts';
import { decideListing, enter, heldBack, notExposed } from '../policy/decide.ts';
import type { ListedItem, Trace } from '../upstream/upstream.ts';
import type { Pager } from './cursor.ts';
import type { Draft } from './draft.ts';
import { isPassing, type KnownLists } from './known-list.ts';
import type { LateLists } from './late-list.ts';
import type { Mute } from './mute.ts';
import type { News } from './news.ts';
import { assigned } from './resolve.ts';
import { addHits } from './hit.ts';
import type { Screen } from './screen.ts';

/** Is told what becomes of each server and of each of its items, and why: that is what a preview shows. */
export interface ListWatch {
  /** Why this server is not to be asked; undefined: it is. */
  readonly spare: (assignment: Assignment) => Fault | undefined;
  /** `failed`: why there is no list of it; undefined where there is. */
  readonly asked: (assignment: Assignment, trace: Trace, failed: unknown) => void;
  readonly hidden: (assignment: Assignment, item: ListedItem, why: Fault) => void;
  /** `as`: the item as the host sees it. */
  readonly shown: (assignment: Assignment, item: ListedItem, as: ListedItem) => void;
}

type NameOf = (item: ListedItem) => string;
/** Of a server's list what is exposed by a policy, as the rules leave it. */
interface LookedAt {
  readonly assignment: Assignment;
  /** As the host knows it. */
  readonly nameOf: NameOf;
  readonly by: Snapshot;
  readonly items: readonly ListedItem[];
}

interface ListDeps {
  readonly inForce: InForce;
  readonly lists: KnownLists;
  readonly pager: Pager;
  readonly late: LateLists;
  readonly mute: Mute;
  readonly news: Pick<News, 'uses'>;
  readonly screen: Screen;
  readonly logger: Logger;
  readonly watch?: ListWatch;
}

export async function listItems(
  deps: ListDeps,
  request: Identified,
  feature: Feature,
  cursor: unknown,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const snapshot = deps.inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();

  /** The rest of a list that was begun, as it was then. */
  const isContinued = cursor !== undefined;
  const ask = isContinued ? deps.lists.recent : deps.lists.ask;

  const late = deps.late.begin(feature, ask);

  async function inTime(listing: AllowedListing, trace: Trace): Promise<readonly ListedItem[]> {
    const { assignment } = listing;
    const last = deps.lists.last(listing, feature);
    try {
      return await late.of(listing, trace, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault)) throw error;
      if (last === undefined || !isPassing(error)) throw error;
      draft.stale.push(assignment.server.slug);
      warn(assignment, error, 'a server does not answer, so a list shows it as it last was');
      return last;
    }
  }

  function warn({ server }: Assignment, thrown: unknown, message: string): void {
    const code = thrown instanceof Fault ? thrown.code : 'INTERNAL';
    const cause = thrown instanceof Fault ? {} : { err: thrown };
    deps.logger.warn({ server: server.slug, user: request.caller.user.id, method: feature.method, code, ...cause }, message);
  }

  function listingOf(assignment: Assignment): AllowedListing {
    const listing = decideListing(snapshot, request, assignment);
    if (listing instanceof Fault) throw listing;
    const spared = deps.watch?.spare(assignment);
    if (spared) throw spared;
    if (assignment.exposes(feature.kind)) deps.news.uses(request, assignment);
    return listing;
  }

  function answer(items: readonly ListedItem[]): Answered {
    const page = deps.pager.page(request, cursor, items);
    const { stale, leftOut } = draft;
    return {
      kind: 'listed',
      member: feature.member,
      items: page.items.map(({ json }) => json),
      nextCursor: page.nextCursor,
      ...(stale.length + leftOut.length > 0 && { without: { stale, leftOut } }),
    };
  }

  /** Whether an item of a server is exposed, by the policy and the pins of now: they were looked at meanwhile. */
  function exposer(assignment: Assignment, nameOf: NameOf): (item: ListedItem) => boolean {
    const current = deps.inForce.current().gateways.get(request.target.gateway)?.assignments.get(assignment.server.slug);
    // Another server may have that name by now.
    const now = current?.server.id === assignment.server.id ? current : undefined;
    const pins = now?.pins;
    return (item) => {
      const isPinned = !pins || pins.stateOf(feature.kind, item.name, item.definition ?? '') === 'accepted';
      const isExposed = now?.provisions(feature.kind, item.name, item.definition) === true && isPinned;
      if (isExposed) return true;
      draft.hidden.push(nameOf(item));
      deps.watch?.hidden(assignment, item, whyHidden(now, assignment, { kind: feature.kind, ...item }));
      return false;
    };
  }

  /** What is exposed of a list, as the rules leave the definitions. */
  async function lookedAt(listing: AllowedListing, nameOf: NameOf, items: readonly ListedItem[]): Promise<LookedAt> {
    const { assignment } = listing;
    const by = deps.inForce.current();
    const onHit = (hits: readonly RuleHit[]) => addHits(draft.hits, hits);
    const onBlocked = (item: ListedItem, why: Fault) => {
      draft.hidden.push(nameOf(item));
      deps.watch?.hidden(assignment, item, why);
    };
    const shown = items.filter(exposer(assignment, nameOf));
    return { assignment, nameOf, by, items: await deps.screen.definitions(listing, feature, shown, onHit, onBlocked, signal) };
  }

  /** Whether an item still is exposed, after engines and other servers were waited for. Throws what refuses the server by now. */
  function stillExposer({ assignment, nameOf, by }: Omit<LookedAt, 'items'>): (item: ListedItem) => boolean {
    const now = deps.inForce.current();
    const refused = now === snapshot ? undefined : decideListing(now, request, assignment);
    if (refused instanceof Fault) throw refused;
    if (now === by) return () => true;
    return exposer(assignment, nameOf);
  }

  if (request.target.server !== undefined) {
    const assignment = assigned(gateway, request.target.server);
    draft.server = { id: assignment.server.id, name: assignment.server.slug };
    const listing = listingOf(assignment);
    if (!assignment.exposes(feature.kind)) return answer([]);
    const items = await ask(listing, feature, draft.trace, signal);
    deps.mute.delete(request.caller, assignment);
    const looked = await lookedAt(listing, ({ name }) => name, items);
    return answer(looked.items.filter(stillExposer(looked)));
  }

  async function renamed(assignment: Assignment, trace: Trace) {
    const nameOf = ({ name }: ListedItem) => prefixed(assignment.server.slug, { kind: feature.kind, name });
    const listing = listingOf(assignment);
    const { items, ...looked } = await lookedAt(listing, nameOf, await inTime(listing, trace));
    const named = items.map((item) => ({ item, as: rename(assignment.server.slug, feature, item, nameOf(item)) }));
    // Within one server, so that the order and the pages of a list are always the same.
    return { ...looked, named: named.toSorted((a, b) => (a.as.name < b.as.name ? -1 : 1)) };
  }

  /** What of it is in the answer. Throws what refuses the server by now. */
  function shownOf({ named, ...looked }: Awaited<ReturnType<typeof renamed>>): readonly ListedItem[] {
    const isExposed = stillExposer(looked);
    const exposed = named.filter(({ item }) => isExposed(item));
    return exposed.flatMap(({ item, as }, at) => {
      // Two items of one name, and two cut names that came out the same, lead to neither.
      if (exposed[at - 1]?.as.name !== as.name && exposed[at + 1]?.as.name !== as.name) {
        deps.watch?.shown(looked.assignment, item, as);
        return [as];
      }
      draft.hidden.push(as.name);
      deps.watch?.hidden(looked.assignment, item, unknownItem({ kind: feature.kind, name: as.name }));
      return [];
    });
  }

  const assignments = [...gateway.assignments.values()].filter(({ exposes }) => exposes(feature.kind));
  assignments.sort((a, b) => (a.server.slug < b.server.slug ? -1 : 1));
  const asked = assignments.map((assignment): { assignment: Assignment; trace: Trace } => ({ assignment, trace: {} }));
  const lists = await Promise.allSettled(asked.map(({ assignment, trace }) => renamed(assignment, trace))).finally(late.end);
  const failures: { readonly assignment: Assignment; readonly error: unknown }[] = [];
  // Nothing is waited for from here on.
  const shown = asked.flatMap(({ assignment, trace }, at) => {
    try {
      const list = lists[at];
      if (list?.status !== 'fulfilled') throw list?.reason;
      const items = shownOf(list.value);
      deps.watch?.asked(assignment, trace, undefined);
      return items;
    } catch (error) {
      deps.watch?.asked(assignment, trace, error);
      failures.push({ assignment, error });
      return [];
    }
  });
  const [first] = failures;
  if (first && failures.length === asked.length) throw first.error;
  for (const { assignment, error } of failures) {
    draft.leftOut.push(assignment.server.slug);
    warn(assignment, error, 'a server was left out of a list');
  }
  return answer(shown);
}

/** Why an item of a list is hidden. `now`: its assignment by the policy of now, where there still is one. */
function whyHidden(now: Assignment | undefined, { server }: Assignment, item: Item & Pick<ListedItem, 'definition'>): Fault {
  if (!now) return new Fault('SERVER_NOT_ASSIGNED', { server: server.slug });
  return now.provisions(item.kind, item.name, item.definition) ? heldBack(now, item) : notExposed(now, item);
}

/** The item's own bytes, with its name (and of a tool the page that it shows) as hosts see it. */
function rename(server: string, feature: Feature, { json, nameSpan }: ListedItem, name: string): ListedItem {
  const edits = [{ span: nameSpan, by: JSON.stringify(name) }, ...(feature.kind === 'tools' ? pageEdits(server, json) : [])];
  const spliced = splice(json, inOrder(edits));
  return { name, json: spliced, nameSpan };
}
