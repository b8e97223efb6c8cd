// Which definition of an item each caller was shown last, and whether somebody stood for it: looked at in every list that comes from a server, before anything of it
// goes on. The rule: a definition that was not looked at counts for nothing; what is new is on record, and in the store, before the list is answered.
import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { type AssignmentId, newRecordId, type Slug, type WorkstationId } from '#contract/id.ts';
import type { SeenDefinition, SuspicionKind } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';
import type { Recorder } from '../audit/record.ts';
import type { AllowedListing, Assignment, Caller, Pins, SeenItem } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { type Feature, nameShown } from '../mcp/feature.ts';
import { bodyHashOf, canonicalOf } from '../pin/canonical.ts';
import { visible } from '../pin/diff.ts';
import { hintsOf } from '../pin/hint.ts';
import { nameSuspicions, suspicionsOf } from '../pin/suspicion.ts';
import type { ListedItem, Trace, Upstream } from '../upstream/upstream.ts';
import { createHeldAlike } from './held-alike.ts';
import { createSeenTemplates } from './seen-template.ts';
import { createViewKeys } from './view-key.ts';

export interface PinningDeps {
  readonly inForce: InForce & { refreshed(): Promise<void> };
  readonly store: {
    /** Keeps definitions that were not seen yet; returns those that are new, as they were kept. */
    saw(
      assignment: AssignmentId,
      seen: readonly SeenDefinition[],
      by: { readonly user: Slug; readonly workstation: WorkstationId | null },
      at: number,
    ): Promise<readonly SeenDefinition[]>;
  };
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** ms since 1970. */
  readonly now: () => number;
}
type Of = { readonly caller: Caller; readonly assignment: Assignment };

export interface Pinning {
  /** The same upstream, whose lists are looked at before anybody gets them. */
  over(upstream: Upstream): Upstream;
  /** What this caller was shown last of an item; undefined where the server has to be asked for its list first. */
  seen(of: Of, kind: ItemKind, name: string): SeenItem | undefined;
}

/** What was seen is looked at again then, also where the server does not say that anything changed. */
const seenForMs = 3_600_000;
/** Of one list of one caller. */
const viewsAtMost = 50_000;
const hashesAtMost = 100_000;
const definitionAtMost = 256 * 1024;
const eventsAtMost = 50;

/** Nobody has seen all that a model would read. Of a name that another server has too people can judge by looking at it. */
const held: ReadonlySet<SuspicionKind> = new Set(['invisible', 'bidi', 'instructions', 'ambiguous']);

interface View {
  readonly at: number;
  /** Hashes by name; the same map for all who were shown the same. */
  readonly hashes: ReadonlyMap<string, string>;
}

export function createPinning(deps: PinningDeps): Pinning {
  const views = new Map<string, View>();
  /** Of definitions, by the hash of what was written. */
  const known = new Map<string, string>();
  /** What the store does not keep, because it keeps enough of its item or assignment: it was judged once, and stays on hold. */
  const beyond = new Set<string>();
  const alike = new Map<string, WeakRef<ReadonlyMap<string, string>>>();
  const byTemplate = createSeenTemplates();
  const heldAlike = createHeldAlike();
  const keyOf = createViewKeys();

  /** Parsing costs much more than hashing, and most lists are as they were. */
  function hashOf({ json }: ListedItem): string {
    const written = hash('sha256', json, 'base64url');
    const found = known.get(written);
    if (found !== undefined) return found;
    const { hash: definition } = canonicalOf(json);
    if (known.size >= hashesAtMost) known.clear();
    known.set(written, definition);
    return definition;
  }

  function shared(hashes: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const key = hash('sha256', JSON.stringify([...hashes]), 'base64url');
    const same = alike.get(key)?.deref();
    if (same) return same;
    if (alike.size >= viewsAtMost) alike.clear();
    alike.set(key, new WeakRef(hashes));
    return hashes;
  }

  async function look(listing: AllowedListing, feature: Feature, items: readonly ListedItem[], trace: Trace) {
    const pins = current(listing)?.pins;
    if (!pins) return items;
    const looked = items.map((item) => ({ ...item, definition: hashOf(item) }));
    const fresh = looked.filter(
      (item) =>
        pins.stateOf(feature.kind, item.name, item.definition) === undefined && !beyond.has(beyondKey(pins, feature.kind, item)),
    );
    if (fresh.length > 0) await keep(listing, feature.kind, pins, looked, fresh, trace);
    const key = keyOf(listing, feature.kind);
    views.delete(key);
    views.set(key, { at: deps.now(), hashes: shared(new Map(looked.map(({ name, definition }) => [name, definition]))) });
    for (const oldest of views.keys()) {
      if (views.size <= viewsAtMost) break;
      views.delete(oldest);
    }
    return looked;
  }

  /** Keeps what is new, and waits until it is in force here. */
  async function keep(
    listing: AllowedListing,
    kind: ItemKind,
    pins: Pins,
    items: readonly ListedItem[],
    fresh: readonly ListedItem[],
    trace: Trace,
  ): Promise<void> {
    const seen = fresh.map(judgeOf(listing, kind, pins, new Set(items.map(({ name }) => name))));
    const { user } = listing.caller;
    const workstation = trace.destination?.workstation ?? null;
    const kept = await deps.store.saw(pins.assignment, seen, { user: user.slug, workstation }, deps.now());
    await record(listing, kept);
    const keptNow = new Set(kept.map(({ name, hash: definition }) => `${definition} ${name}`));
    for (const one of seen) {
      if (keptNow.has(`${one.hash} ${one.name}`)) continue;
      if (beyond.size >= hashesAtMost) beyond.clear();
      beyond.add(beyondKey(pins, kind, { name: one.name, definition: one.hash }));
    }
    if (kept.length > 0) await deps.inForce.refreshed();
  }

  /** What to make of one new item of a list that has these names. */
  function judgeOf(listing: AllowedListing, kind: ItemKind, pins: Pins, names: ReadonlySet<string>) {
    const { assignment } = listing;
    const suspicious = nameSuspicions(othersIn(assignment, kind));
    const before = views.get(keyOf(listing, kind))?.hashes;
    const gone = pins.accepted(kind).filter(({ name }) => !names.has(name) && before?.has(name) !== false);
    const all = gone.map(({ name }) => name);
    const byBody = Map.groupBy(
      gone.flatMap(({ name, bodies }) => bodies.map((body) => ({ name, body }))),
      ({ body }) => body,
    );
    return ({ name, json }: ListedItem): SeenDefinition => {
      const { text, hash: definition, ambiguous } = canonicalOf(json);
      const body = bodyHashOf(text);
      const suspicions = [...suspicionsOf(text, ambiguous), ...suspicious({ server: assignment.server.slug, name })];
      // Where it is not known what the caller was shown before, only the same under another name is a renaming: lists differ by session and by person.
      const missing = before ? all : (byBody.get(body) ?? []).map((one) => one.name);
      const isHeld = suspicions.some(({ kind: one }) => held.has(one));
      const reason = pins.knows(kind, name) ? 'changed' : missing.length > 0 ? 'renamed' : isHeld ? 'suspicious' : 'new';
      return {
        kind,
        name,
        hash: definition,
        body,
        definition: text.length > definitionAtMost ? '' : text,
        hints: kind === 'tools' && ambiguous === undefined ? hintsOf(text) : {},
        state: reason === 'new' && pins.policy === 'first-use' ? 'accepted' : 'waiting',
        reason,
        suspicions,
        gone: reason === 'renamed' ? missing.slice(0, 50) : [],
      };
    };
  }

  /** What is pinned of the other servers of the gateway. */
  function othersIn({ gateway, server }: Assignment, kind: ItemKind) {
    const assignments = deps.inForce.current().gateways.get(gateway.slug)?.assignments.values() ?? [];
    return [...assignments].flatMap((other) =>
      other.server.id === server.id
        ? []
        : (other.pins?.accepted(kind) ?? []).map(({ name }) => ({ server: other.server.slug, name })),
    );
  }

  /** Another server may have that name by now: what this one said is not its. */
  function current({ assignment: { gateway, server } }: Of): Assignment | undefined {
    const now = deps.inForce.current().gateways.get(gateway.slug)?.assignments.get(server.slug);
    return now?.server.id === server.id ? now : undefined;
  }

  async function record({ caller, assignment }: AllowedListing, kept: readonly SeenDefinition[]): Promise<void> {
    const waiting = kept.filter(({ state }) => state === 'waiting');
    const told = waiting.slice(0, eventsAtMost).map((one): EventRecord => {
      const at = deps.now();
      return {
        version: 1,
        kind: 'event',
        id: newRecordId(at),
        at,
        event: 'definition_waits',
        user: { id: caller.user.id, name: caller.user.slug },
        workstation: caller.workstation,
        code: 'ITEM_ON_HOLD',
        detail: {
          gateway: assignment.gateway.slug,
          server: assignment.server.slug,
          kind: one.kind,
          item: one.name.slice(0, nameShown),
          hash: one.hash,
          reason: one.reason,
          suspicions: [...new Set(one.suspicions.map(({ kind }) => kind))].join(' '),
          ...(one.gone.length > 0 && { gone: one.gone.map(visible).join(', ').slice(0, nameShown) }),
          waiting: waiting.length,
        },
      };
    });
    await Promise.all(told.map((event) => deps.recorder.append(event)));
    for (const { kind, reason, hash: definition } of waiting.slice(0, eventsAtMost))
      deps.logger.warn(
        { gateway: assignment.gateway.slug, server: assignment.server.slug, kind, reason, hash: definition },
        'a definition waits for an administrator',
      );
  }

  function hashesFor(of: Of, kind: ItemKind): ReadonlyMap<string, string> | undefined {
    const view = views.get(keyOf(of, kind));
    return view && deps.now() - view.at < seenForMs ? view.hashes : undefined;
  }

  return {
    over: (upstream) => ({
      call: (...asked) => upstream.call(...asked),
      tell: (...told) => upstream.tell(...told),
      meet: (...asked) => upstream.meet(...asked),
      about: (listing) => upstream.about(listing),
      follow: (...asked) => upstream.follow(...asked),
      hear: (...asked) => upstream.hear(...asked),
      release: (conversation) => upstream.release(conversation),
      close: () => upstream.close(),
      async list(listing, feature, trace, ...asked) {
        return look(listing, feature, await upstream.list(listing, feature, trace, ...asked), trace);
      },
    }),
    seen(asked, kind, name) {
      const of = { ...asked, assignment: current(asked) ?? asked.assignment };
      if (kind !== 'resources') {
        const hashes = hashesFor(of, kind);
        return hashes && { kind, name, definition: hashes.get(name) };
      }
      const [listed, templates] = [kind, 'templates' as const].map((one) =>
        of.assignment.exposes(one) ? hashesFor(of, one) : none,
      );
      if (!listed || !templates) return undefined;
      const definition = listed.get(name);
      if (definition !== undefined) return { kind, name, definition };
      return heldAlike(of, listed, name) ?? byTemplate(of, templates, name);
    },
  };
}

const none: ReadonlyMap<string, string> = new Map();

function beyondKey({ assignment }: Pins, kind: ItemKind, item: { readonly name: string; readonly definition: string }): string {
  return hash('sha256', JSON.stringify([assignment, kind, item.name, item.definition]), 'base64url');
}
