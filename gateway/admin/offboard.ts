// Somebody leaves: what lets them in ends in one transaction, then what their identities hold elsewhere is given back. The rule: the report says what goes on, and why;
// no answer of anybody else's keeps anything open here.
import { signedText, type OffboardingReport, type SignedReport } from '#contract/offboarding.ts';
import { type SigningKey, signWith } from '../caller/signing-key.ts';
import type { CutAccess } from '../store/directory.ts';
import type { StoredUser } from '../store/administration.ts';
import type { StoredIdentity } from '../store/store.ts';
import { deedActor } from './actor.ts';
import { type Acting, type AdminDeps, doing, type Remote } from './context.ts';
import { unknownName } from './suggest.ts';

/** Within two seconds everything has ended that can be ended from here. */
const giveBackWithinMs = 1500;

export type Offboarding = Acting & Pick<AdminDeps, 'now'> & Pick<Remote, 'removeIdentity'> & { readonly signingKey: SigningKey };

/** Rejects with NAME_UNKNOWN, LAST_SUPER_ADMIN. Somebody who left already is cut again: what came since is in the report. */
export async function offboard(of: Offboarding, user: Pick<StoredUser, 'slug'>): Promise<SignedReport> {
  const { slug } = user;
  const at = of.now();
  const store = doing(of, at, { operation: 'users.offboard', target: slug, before: null, after: { offboarded: true } });
  const held = await store.directory.hold(slug, at);
  if (!held) throw unknownName('user', slug, [], 'name one of the policy that is in force');
  const identities = (await store.identities()).filter((one) => one.user?.id === held.user);
  const given = await Promise.all(identities.map((one) => giveBack(one)));
  const report: OffboardingReport = {
    version: 1,
    organization: await store.organization(),
    user: { id: held.user, slug, email: held.email },
    by: deedActor(of.actor),
    reason: of.reason,
    at,
    finishedAt: of.now(),
    cut: [...accessOf(held), ...given.filter(({ why }) => why === undefined).map(({ access }) => access)],
    notCut: given.flatMap(({ access, why }) => (why === undefined ? [] : [{ ...access, why }])),
  };
  const { kid } = of.signingKey;
  return { report, signature: { alg: 'ES256', kid, value: signWith(of.signingKey, signedText(report)) } };

  async function giveBack({ id, server }: StoredIdentity) {
    const access = { what: 'identity' as const, id: String(id), name: server.slug };
    const late = `it is removed here; its server did not answer within ${giveBackWithinMs} ms, so its grant may go on there`;
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), giveBackWithinMs)));
    const removed = of.removeIdentity(store, id).catch(() => 'failed' as const);
    const came = await Promise.race([removed, waited]).finally(() => clearTimeout(timer));
    return { access, why: came === 'late' ? late : came === undefined ? undefined : outcomes[came] };
  }
}

const outcomes: Readonly<Record<'revoked' | 'kept' | 'token' | 'failed', string | undefined>> = {
  revoked: undefined,
  kept: 'it is removed here; its server did not take its grant back, so that may go on there',
  token: 'it is removed here; a token that was given by hand can only be revoked at its server',
  failed: 'it could not be removed; the user is held, so nobody can use it here. Remove it with `identity remove`',
};

function accessOf({ tokens, accessTokens, connections, workstations, sessions }: CutAccess): OffboardingReport['cut'] {
  const kinds = { host: 'host token', agent: 'agent token', enroll: 'enrollment token' } as const;
  const named = <W extends string>(what: W, all: readonly { readonly id: string; readonly name: string }[]) =>
    all.map(({ id, name }) => ({ what, id, name }));
  return [
    ...tokens.map(({ id, kind, name }) => ({ what: kinds[kind], id, name })),
    ...named('personal access token' as const, accessTokens),
    ...named('connection' as const, connections),
    ...named('workstation' as const, workstations),
    ...(sessions === 0 ? [] : [{ what: 'browser sessions' as const, id: null, name: String(sessions) }]),
  ];
}

/** Lifts whatever holds a user; what let them in before stays revoked. Rejects with NAME_UNKNOWN, UNCHANGEABLE. False where nothing held them. */
export async function takeBack(acting: Acting & { readonly now: () => number }, slug: string): Promise<boolean> {
  const at = acting.now();
  const to = doing(acting, at, { operation: 'users.take-back', target: slug, before: { held: true }, after: { held: false } });
  return to.directory.release(slug, at);
}
