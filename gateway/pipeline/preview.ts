// What a person would see at a gateway now: the way of a list, for a caller that is made up, told item by item. The rule: it decides and asks as for any host of that
// person, except that nobody's own identity is used unless that was said; nothing of it is a call of theirs, or changes what their hosts get.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Preview, PreviewItem, PreviewServer } from '#contract/admin-preview.ts';
import { asFault, Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import { type ItemKind, itemKinds } from '#contract/policy.ts';
import type { Assignment, Caller, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { type Feature, features } from '../mcp/feature.ts';
import { isObject, parse } from '../mcp/jsonrpc.ts';
import type { CompiledGateway } from '../policy/compile.ts';
import { enter } from '../policy/decide.ts';
import type { ListedItem, Trace, Upstream } from '../upstream/upstream.ts';
import { beginRecord } from './draft.ts';
import { createCut } from './cut.ts';
import { createKnownLists } from './known-list.ts';
import { listItems, type ListWatch } from './list.ts';
import { createLateLists } from './late-list.ts';
import { createMute, listWithinMs } from './mute.ts';
import type { Screen } from './screen.ts';

export interface PreviewDeps {
  readonly inForce: InForce;
  readonly upstream: Upstream;
  readonly screen: Screen;
  readonly logger: Logger;
}
export interface PreviewOf {
  readonly gateway: Slug;
  readonly user: Slug;
  /** Absent: all. */
  readonly kind?: ItemKind | undefined;
  /** `own`: servers that know each caller by their own identity are asked with this person's. */
  readonly identity: 'none' | 'own';
}
/** Rejects with BUSY, and with what nobody expected. */
export type ShowPreview = (of: PreviewOf) => Promise<Preview>;

const atOnce = 4;
const itemsAtMost = 10_000;
const descriptionLength = 1000;
const withinMs = 20_000;
/** What a workstation is told; and an identity that no host has, because there is a space in it. */
const host = 'preview';
const client = 'a preview';

export function createPreview(deps: PreviewDeps): ShowPreview {
  let running = 0;
  // Its caller is made up, so nothing of it is ever revoked.
  const cut = createCut({ inForce: deps.inForce, stands: () => Promise.resolve() });

  async function show(of: PreviewOf): Promise<Preview> {
    const { user, gateway } = of;
    const at = Date.now();
    const found: Found = { servers: [], items: [], beyond: 0 };
    const snapshot = deps.inForce.current();
    const id = snapshot.people.bySlug(user)?.id;
    const empty = { gateway, user, at, refused: null, ...found };
    if (id === undefined) return { ...empty, refused: whyOf(new Fault('GATEWAY_NOT_GRANTED', { gateway })) };
    const caller: Caller = { user: { id, slug: user }, host, client, token: null, gateway, via: 'http', workstation: null };
    const entered = enter(snapshot, caller, gateway);
    if (entered instanceof Fault) return { ...empty, refused: whyOf(entered) };
    const conversation = `preview ${randomUUID()}`;
    const signal = AbortSignal.timeout(withinMs);
    try {
      const kinds = of.kind === undefined ? itemKinds : [of.kind];
      await Promise.all(kinds.map((kind) => list({ caller, conversation, entered, of, found }, features[kind], signal)));
    } finally {
      deps.upstream.release(conversation);
    }
    return { ...empty, ...found, servers: found.servers.toSorted(byName), items: found.items.toSorted(byName) };
  }

  async function list(
    { caller, conversation, entered, of, found }: Asking,
    feature: Feature,
    signal: AbortSignal,
  ): Promise<void> {
    const { kind, method } = feature;
    const silent = [...entered.assignments.values()].filter(({ exposes }) => !exposes(kind));
    for (const { server } of silent)
      found.servers.push({ kind, server: server.slug, state: 'silent', why: null, workstation: null, identity: 'none' });
    const arrivedAt = { monotonic: performance.now(), wall: Date.now() };
    const target = { gateway: of.gateway, server: undefined };
    const request: Identified = { era: 'modern', method, target, body: Buffer.alloc(0), arrivedAt, caller, conversation };
    // Of its own: what it finds out is kept for nobody, and nobody's other lists are shown.
    const lists = createKnownLists(deps.upstream, cut);
    const mute = createMute();
    const news = { uses: () => undefined, hears: () => false, came: () => undefined };
    // Each server is worth to be waited for.
    const late = createLateLists({ lists, mute, news, firstWithinMs: listWithinMs });
    const parts = {
      ...deps,
      lists,
      mute,
      late,
      news,
      pager: { page: <T>(_request: Identified, _cursor: unknown, items: readonly T[]) => ({ items, nextCursor: undefined }) },
      watch: watchOf(feature, of, found, deps.logger),
    };
    try {
      await listItems(parts, request, feature, undefined, beginRecord(request, method, request), signal);
    } catch (error) {
      // Where no server has a list, the last word is that of one of them; each was told by itself.
      if (found.servers.filter((told) => told.kind === kind).length < entered.assignments.size) throw error;
    } finally {
      late.release(conversation);
    }
  }

  return async (of) => {
    if (running >= atOnce) throw new Fault('BUSY', { what: 'the preview' });
    running++;
    try {
      return await show(of);
    } finally {
      running--;
    }
  };
}

interface Found {
  readonly servers: PreviewServer[];
  readonly items: PreviewItem[];
  beyond: number;
}
interface Asking {
  readonly caller: Caller;
  readonly conversation: string;
  readonly entered: CompiledGateway;
  readonly of: PreviewOf;
  readonly found: Found;
}

function watchOf({ kind }: Feature, { identity }: PreviewOf, found: Found, logger: Logger): ListWatch {
  function add(item: PreviewItem): void {
    if (found.items.length < itemsAtMost) found.items.push(item);
    else found.beyond++;
  }
  const itemOf = ({ server, needsStepUp }: Assignment, { name }: ListedItem) => ({
    kind,
    server: server.slug,
    name,
    needsStepUp: kind === 'tools' && needsStepUp?.(name) === true,
  });
  return {
    spare: ({ server, remote }) =>
      remote?.auth?.identity === 'own' && identity !== 'own'
        ? new Fault('PREVIEW_NOT_AS_THEM', { server: server.slug })
        : undefined,
    asked({ server }, trace, failed) {
      const fault = failed === undefined ? undefined : asFault(failed, randomUUID());
      if (fault?.code === 'INTERNAL')
        logger.error({ err: fault.cause, reference: fault.fields['reference'] }, 'a preview failed inside the gateway server');
      const why = fault ? whyOf(fault) : null;
      found.servers.push({ kind, server: server.slug, state: why ? 'unknown' : 'listed', why, ...wayOf(trace) });
    },
    hidden: (assignment, item, why) => add({ ...itemOf(assignment, item), shownAs: null, description: null, hidden: whyOf(why) }),
    shown: (assignment, item, as) =>
      add({ ...itemOf(assignment, item), shownAs: as.name, description: descriptionOf(as), hidden: null }),
  };
}

function wayOf({ destination, identity }: Trace): Pick<PreviewServer, 'workstation' | 'identity'> {
  return { workstation: destination?.workstation ?? null, identity: identity?.kind ?? 'none' };
}

function whyOf({ code, message }: Fault): { readonly code: string; readonly message: string } {
  return { code, message };
}

function descriptionOf({ json }: ListedItem): string | null {
  const value = parse(json);
  const description = isObject(value) ? value['description'] : undefined;
  return typeof description === 'string' ? description.slice(0, descriptionLength) : null;
}

function byName(
  a: { kind: ItemKind; server: string; name?: string },
  b: { kind: ItemKind; server: string; name?: string },
): number {
  const key = (of: typeof a) => [String(itemKinds.indexOf(of.kind)), of.server, of.name ?? ''].join('\n');
  return key(a) < key(b) ? -1 : 1;
}
