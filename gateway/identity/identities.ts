// The identities that calls bear, kept fresh: tokens of a sign-in are renewed before they end and when a server refuses them, and everybody who waits for
// the same renewal waits for one. Rule: tokens that still count are used while their renewal fails; what ended is told, and nothing is called without it.
import { Fault } from '#contract/error.ts';
import type { IdentityId } from '#contract/id.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { seal } from '../vault/seal.ts';
import { renewalOf, type TokenSet, unionOf, writeTokenSet } from '../vault/token-set.ts';
import { bindingOf, type Opened, type Wanted } from '../vault/vault.ts';
import { type Renewed, type RenewalDeps, renewTokens } from './renewal.ts';
import { identityFault, type Page } from './words.ts';

export interface Identity {
  readonly id: string;
  /** Grows when somebody sets it or signs in anew, and not with a renewal. */
  readonly setAt: number;
  /** Tokens of a sign-in go into Authorization, whatever the policy says of the header. */
  readonly isSignIn: boolean;
  readonly value: Secret<string>;
}
export interface Identities {
  /**
   * The one for this gateway, else the one for any; at once where it is remembered. Rejects with IDENTITY_MISSING, IDENTITY_ENDED, IDENTITY_RENEWAL_FAILED,
   * VAULT_KEY_MISSING, VAULT_DAMAGED.
   */
  identity(wanted: Wanted): Identity | Promise<Identity>;
  /** The server did not take it (401): true where there is another value now, worth one more try. Rejects with IDENTITY_ENDED, IDENTITY_RENEWAL_FAILED. */
  renewRefused(wanted: Wanted, refused: Identity): Promise<boolean>;
  /** The server wants more (403): the next sign-in asks for that too. */
  want(wanted: Wanted, scope: string): Promise<void>;
  /** What a refusal of the server means, in words for the caller. `scope`: what it wants beyond what there is. */
  refusal(wanted: Wanted, of: { readonly status: number; readonly scope?: string | undefined }): Fault;
}

const firstPauseMs = 2000;
const longestPauseMs = 60_000;
/** A server that refuses what was renewed a moment ago refuses something else. */
const renewAgainAfterMs = 30_000;
const rememberAtMost = 10_000;
const noteWithinMs = 5000;

interface Failing {
  readonly until: number;
  readonly pauseMs: number;
  readonly cause: unknown;
}

export function createIdentities(
  deps: RenewalDeps & { page: Page; onFailure: (error: unknown, server: string) => void },
): Identities {
  const { vault, store, now, page } = deps;
  const renewing = new Map<IdentityId, Promise<Renewed>>();
  const failing = new Map<IdentityId, Failing>();
  const renewedAt = new Map<IdentityId, number>();
  const shown = new WeakMap<Opened, Identity>();

  function identityOf(opened: Opened): Identity {
    const known = shown.get(opened);
    if (known) return known;
    const { row, value, set } = opened;
    const made = { id: row.id, setAt: row.setAt, isSignIn: set !== undefined, value: set ? new Secret(set.access ?? '') : value };
    shown.set(opened, made);
    return made;
  }

  function renewOnce(opened: Opened): Promise<Renewed> {
    const { id, server } = opened.row;
    const running = renewing.get(id);
    if (running) return running;
    const failed = failing.get(id);
    if (failed && failed.until > now())
      return Promise.reject(failed.cause instanceof Error ? failed.cause : new Error('failed before'));
    const begun = renewTokens(deps, opened).then(
      (renewed) => {
        failing.delete(id);
        bounded(renewedAt).set(id, now());
        return renewed;
      },
      async (error: unknown) => {
        const pauseMs = Math.min((failed?.pauseMs ?? firstPauseMs / 2) * 2, longestPauseMs);
        bounded(failing).set(id, { until: now() + pauseMs, pauseMs, cause: error });
        deps.onFailure(error, server.slug);
        const code = error instanceof Fault ? error.code : 'IDENTITY_RENEWAL_FAILED';
        await deps.record({ event: 'identity_renewal_failed', of: opened.row, code });
        throw error;
      },
    );
    renewing.set(id, begun);
    const settle = () => void renewing.delete(id);
    begun.then(settle, settle);
    return begun;
  }

  /** What is to be borne after a renewal. */
  async function outcome(wanted: Wanted, opened: Opened): Promise<Identity> {
    let renewed: Renewed;
    try {
      renewed = await renewOnce(opened);
    } catch (error) {
      if (error instanceof Fault && error.code === 'AUDIT_UNAVAILABLE') throw error;
      throw identityFault('IDENTITY_RENEWAL_FAILED', wanted, page);
    }
    if (renewed === 'ended') throw identityFault('IDENTITY_ENDED', wanted, page);
    if (renewed === 'gone') throw identityFault('IDENTITY_MISSING', wanted, page);
    return identityOf(renewed);
  }

  function fresh(wanted: Wanted, opened: Opened | undefined): Identity | Promise<Identity> {
    if (!opened) throw identityFault('IDENTITY_MISSING', wanted, page);
    const { set } = opened;
    if (!set) return identityOf(opened);
    if (set.access === undefined) throw identityFault('IDENTITY_ENDED', wanted, page);
    const at = now();
    const isOver = set.expiresAt !== undefined && set.expiresAt <= at;
    const renewal = renewalOf(set);
    if (!isOver && (renewal === undefined || renewal > at)) return identityOf(opened);
    if (isOver) return outcome(wanted, opened);
    // It still counts: nobody waits, and what comes of it is for the next call.
    renewOnce(opened).catch(() => undefined);
    return identityOf(opened);
  }

  return {
    identity(wanted) {
      const opened = vault.identity(wanted);
      return opened instanceof Promise ? opened.then((found) => fresh(wanted, found)) : fresh(wanted, opened);
    },
    async renewRefused(wanted, refused) {
      const opened = await vault.identity(wanted);
      if (!opened || opened.row.id !== refused.id || !opened.set) return false;
      const current = identityOf(opened);
      // Somebody else's refusal, or a sign-in, brought another one already.
      if (reveal(current.value) !== reveal(refused.value)) return true;
      if (now() - (renewedAt.get(opened.row.id) ?? -Infinity) < renewAgainAfterMs) return false;
      const next = await outcome(wanted, opened);
      return reveal(next.value) !== reveal(refused.value);
    },
    async want(wanted, scope) {
      const opened = await vault.identity(wanted);
      if (!opened?.set) return;
      const { row } = opened;
      const set: TokenSet = { ...opened.set, wanted: unionOf(opened.set.wanted, scope) };
      if (set.wanted === opened.set.wanted) return;
      // Where somebody renews it at this moment, the next refusal of the server says it again.
      const lease = now() + noteWithinMs;
      if (!(await store.leaseIdentity(row.id, row.sealed, now(), lease))) return;
      const value = writeTokenSet(set);
      const sealed = await seal(value, bindingOf(row), deps.keys);
      if (await store.renewIdentity(row.id, row.sealed, sealed, lease)) vault.renewed({ row: { ...row, sealed }, value, set });
    },
    refusal(wanted, { status, scope }) {
      return scope === undefined
        ? identityFault('IDENTITY_REFUSED', wanted, page, { status })
        : identityFault('IDENTITY_SCOPE', wanted, page, { scope });
    },
  };
}

function bounded<K, V>(map: Map<K, V>): Map<K, V> {
  const oldest = map.size >= rememberAtMost ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  return map;
}
