// Tokens as administrators make them. The secret leaves here once, to be shown; what is stored is its SHA-256.
import { hash, randomBytes } from 'node:crypto';
import { reachedGateways } from '#contract/grant.ts';
import { newId, Slug, TokenId } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { Secret } from '#contract/secret.ts';
import type { EnrollToken, HostToken, Token } from '../store/store.ts';
import { type Acting, doing } from './context.ts';
import { nearNames, unknownName } from './suggest.ts';

export interface Issued {
  readonly token: Token;
  readonly secret: Secret<string>;
  /** What the administrator should know beside it. */
  readonly warnings: readonly string[];
}
interface Issue extends Acting {
  readonly now: number;
  readonly ttlMs: number;
  readonly user: string;
}

/** A one-time token that makes a device a workstation of this user. Rejects with NAME_UNKNOWN. */
export async function issueEnrollToken(of: Issue): Promise<Issued> {
  const { policy } = await of.store.policy();
  return issue(of, 'dbe_', { kind: 'enroll', id: newTokenId(of.now), user: knownUser(policy, of.user) }, []);
}

/**
 * A token for one AI host of one user at one gateway, or for one of the many users of an agent: it calls as that user, with that user's identities.
 * Rejects with NAME_UNKNOWN. `knownHosts` catches misspelled names of hosts; others may be new.
 */
export async function issueHostToken(
  of: Issue & {
    readonly gateway: string;
    readonly knownHosts: readonly string[];
  } & ({ readonly host: string; readonly agent?: undefined } | { readonly agent: string }),
): Promise<Issued> {
  const { policy } = await of.store.policy();
  const user = knownUser(policy, of.user);
  const gateways = Object.keys(policy.gateways);
  if (!gateways.includes(of.gateway)) throw unknownName('gateway', of.gateway, gateways, 'apply a policy that names it');
  const { name, isAgent } = of.agent === undefined ? { name: of.host, isAgent: false } : { name: of.agent, isAgent: true };
  const isNew = isAgent || !of.knownHosts.includes(name);
  const isMisspelled = !isAgent && nearNames(name, of.knownHosts).length > 0;
  if (isNew && (!Slug.safeParse(name).success || isMisspelled))
    throw unknownName(isAgent ? 'agent' : 'host', name, isAgent ? [] : of.knownHosts, 'use 1-40 of a-z, 0-9 and single hyphens');
  const gateway = Slug.parse(of.gateway);
  const holder = policy.users[user];
  const isGranted = holder !== undefined && reachedGateways(policy, holder).has(gateway);
  const warning = `The gateway "${gateway}" is not granted to "${user}" by any team, so this token opens nothing yet.`;
  const kind = isAgent ? 'agent' : 'host';
  const prefix = isAgent ? 'dba_' : 'dbh_';
  return issue(of, prefix, { kind, id: newTokenId(of.now), user, gateway, host: name }, isGranted ? [] : [warning]);
}

/** A secret for a client that administrators know, and what a file may say of it: its hash. It is random, so that a plain hash is enough. */
export function makeClientSecret(): { readonly secret: Secret<string>; readonly secretHash: string } {
  const secret = `dbs_${randomBytes(32).toString('base64url')}`;
  return { secret: new Secret(secret), secretHash: `sha256:${hash('sha256', secret)}` };
}

const operationOf = { enroll: 'tokens.enroll', host: 'tokens.host', agent: 'tokens.agent' } as const;

/** False where it was not valid any more. Rejects with NAME_UNKNOWN. */
export async function revokeToken(acting: Acting, id: string, now: number): Promise<boolean> {
  const all = await acting.store.tokens();
  const found = all.find((one) => one.id === id);
  const ids = all.map((one) => one.id);
  if (!found) throw unknownName('token', id, ids, '`token host` makes one');
  const { hash: _, ...before } = found;
  const of = { operation: 'tokens.revoke', target: found.id, before, after: { ...before, revokedAt: now } };
  return doing(acting, now, of).revokeToken(found.id, now);
}

async function issue(of: Issue, prefix: string, what: HostToken | EnrollToken, warnings: readonly string[]): Promise<Issued> {
  const secret = prefix + randomBytes(32).toString('base64url');
  const times = { createdAt: of.now, expiresAt: of.now + of.ttlMs, revokedAt: null, spentAt: null };
  const token = { ...what, ...times, hash: hash('sha256', secret) };
  const after = { ...what, expiresAt: token.expiresAt };
  await doing(of, of.now, { operation: operationOf[what.kind], target: what.id, before: null, after }).addToken(token);
  return { token, secret: new Secret(secret), warnings };
}

function knownUser(policy: PolicyFile, name: string): Slug {
  const users = Object.keys(policy.users);
  const slug = Slug.safeParse(name);
  if (!slug.success || !users.includes(name)) throw unknownName('user', name, users, 'apply a policy that names them');
  return slug.data;
}

function newTokenId(now: number): TokenId {
  return TokenId.parse(newId(now));
}
