// Replaces the policy as a whole: a slug that stays keeps its id, one that is gone takes its tokens and workstations with it.
import { isBuiltIn } from '#contract/capability.ts';
import type { Condition } from '#contract/condition.ts';
import { Fault } from '#contract/error.ts';
import { AssignmentId, GatewayId, ServerId, SinkId, Slug, TeamId, UserId, newId } from '#contract/id.ts';
import { exposedKinds } from '#contract/policy.ts';
import type { PolicyFile, PolicyServer } from '#contract/policy.ts';
import { pauses } from '../../slice.ts';
import type { DialectName } from '../engine.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { type Changed, changed } from './change.ts';
import { removeOrphanedIdentities } from './identity.ts';
import { inserting } from './insert.ts';
import { parts } from './part.ts';
import { changesBetween } from './recent-change.ts';
import { settleDirectory } from './directory-user.ts';
import { holdByAddress } from './hold.ts';
import { settleEngines } from './engine-secret.ts';
import { settleSinks } from './sink.ts';
import { changePeople, tryPeople } from './super-admin.ts';

export async function replacePolicy(
  db: Db,
  dialect: DialectName,
  policy: PolicyFile,
  expectedRevision: number,
  now: number,
): Promise<void> {
  await changePeople(db, async (tx, revision) => {
    if (!(await isAsExpected(tx, policy, expectedRevision, revision)))
      throw new Fault('STORE_UNAVAILABLE', {}, { cause: new Error('the policy was changed by somebody else meanwhile') });
    return await replaceIn(tx, dialect, policy, now);
  });
}

/** Rejects as replacePolicy does where nobody else changes anything; changes nothing. */
export async function tryPolicy(db: Db, dialect: DialectName, policy: PolicyFile, now: number): Promise<void> {
  await tryPeople(db, (tx) => replaceIn(tx, dialect, policy, now));
}

async function replaceIn(tx: Tx, dialect: DialectName, policy: PolicyFile, now: number): Promise<Changed<undefined>> {
  const pause = pauses();
  const names = await namesOf(tx, policy, now);
  await pause();
  const rows = rowsOf(policy, names);
  await pause();
  const made = await tx.selectFrom('user').selectAll().where('made_by', 'is not', null).execute();
  const taken = new Set(rows.users.flatMap(({ slug, email }) => [slug, email.toLowerCase()]));
  const isRole = (role: string) => isBuiltIn(role) || Object.hasOwn(policy.roles, role);
  const staying = made
    .filter(({ slug, email }) => !taken.has(slug) && !taken.has(email.toLowerCase()))
    .map((user) => (user.role !== null && !isRole(user.role) ? { ...user, role: null } : user));
  const insert = inserting(tx, dialect);
  await holdByAddress(tx);
  await deletePolicy(tx);
  await insert('policy_setting', rows.settings);
  await insert('role', rows.roles);
  await insert('user', [...rows.users, ...staying]);
  await holdByAddress(tx);
  await insert('team', rows.teams);
  await insert('server', rows.servers);
  await insert('gateway', rows.gateways);
  await insert('membership', rows.memberships);
  await insert('grant', rows.grants);
  await insert('assignment', rows.assignments);
  await insert('provision', rows.provisions);
  await insert('provisioned_item', rows.items);
  await insert('rule', rows.rules);
  await insert('engine', rows.engines);
  await insert('sink', rows.sinks);
  await revokeOrphans(tx, now);
  return changed(undefined);
}

/** A directory that provisions many people changes something all the time: it keeps nobody from changing the policy but where it is about who is named in it. */
async function isAsExpected(tx: Tx, { users }: PolicyFile, expected: number, revision: number): Promise<boolean> {
  if (revision === expected) return true;
  const between = await changesBetween(tx, expected, revision);
  if (between === undefined) return false;
  const named = new Set(Object.entries(users).flatMap(([slug, { email }]) => [slug, email?.toLowerCase()]));
  for (const ids of parts(between.people)) {
    const people = await tx.selectFrom('user').select(['slug', 'email']).where('id', 'in', ids).execute();
    if (people.some(({ slug, email }) => named.has(slug) || named.has(email.toLowerCase()))) return false;
  }
  return true;
}

/** Children first, so that no reference dangles on the way. */
export const policyTables = [
  'policy_setting',
  'rule',
  'engine',
  'role',
  'provisioned_item',
  'provision',
  'assignment',
  'grant',
  'membership',
  'user',
  'team',
  'server',
  'gateway',
  'sink',
] as const;

/** Leaves no row of the policy. */
export async function deletePolicy(tx: Tx): Promise<void> {
  const pause = pauses();
  for (const table of policyTables satisfies readonly (keyof Tables)[]) {
    await tx.deleteFrom(table).execute();
    await pause();
  }
}

/**
 * What belongs to users that are gone is revoked, as are host tokens and connections for gateways that are gone. Identities that nobody can use any more
 * are removed, as are pins of assignments that are gone, and sinks begin and end. The users of whom the directory knows anew which they are.
 * `gone`: the one user who went, where nothing else did: a hundred thousand others are not looked at.
 */
export async function revokeOrphans(tx: Tx, now: number, gone?: UserId): Promise<readonly UserId[]> {
  const linked = await settleDirectory(tx, now, gone);
  const users = tx.selectFrom('user').select('id');
  const [of, whom] = gone === undefined ? (['not in', users] as const) : (['=', gone] as const);
  const gateways = tx.selectFrom('gateway').select('slug');
  await tx
    .updateTable('token')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('user_id', 'not in', users), is('gateway_slug', 'not in', gateways)]))
    .execute();
  await tx
    .updateTable('connection')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('user_id', 'not in', users), is('gateway_slug', 'not in', gateways)]))
    .execute();
  await tx
    .updateTable('access_token')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where('user_id', 'not in', users)
    .execute();
  await tx
    .updateTable('workstation')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where('user_id', 'not in', users)
    .execute();
  await tx.deleteFrom('group_membership').where('user_id', of, whom).execute();
  await tx.deleteFrom('arrival').where('user_id', of, whom).execute();
  await tx.deleteFrom('account').where('user_id', of, whom).execute();
  await tx.deleteFrom('pin').where('assignment_id', 'not in', tx.selectFrom('assignment').select('id')).execute();
  await removeOrphanedIdentities(tx, now);
  await settleSinks(tx);
  await settleEngines(tx);
  return linked;
}

type Names = Awaited<ReturnType<typeof namesOf>>;

/** The id of every slug of the policy: the one that it has, or a new one. */
async function namesOf(tx: Tx, policy: PolicyFile, now: number) {
  const make = () => newId(now);
  const pairs = await tx
    .selectFrom('assignment')
    .innerJoin('gateway', 'gateway.id', 'assignment.gateway_id')
    .innerJoin('server', 'server.id', 'assignment.server_id')
    .select(['assignment.id', 'gateway.slug as gateway', 'server.slug as server'])
    .execute();
  const assignments = new Map(pairs.map((row) => [`${row.gateway}/${row.server}`, row.id]));
  return {
    users: kept(policy.users, await tx.selectFrom('user').select(['slug', 'id']).execute(), () => UserId.parse(make())),
    teams: kept(policy.teams, await tx.selectFrom('team').select(['slug', 'id']).execute(), () => TeamId.parse(make())),
    servers: kept(policy.servers, await tx.selectFrom('server').select(['slug', 'id']).execute(), () => ServerId.parse(make())),
    gateways: kept(policy.gateways, await tx.selectFrom('gateway').select(['slug', 'id']).execute(), () =>
      GatewayId.parse(make()),
    ),
    sinks: kept(policy.sinks ?? {}, await tx.selectFrom('sink').select(['slug', 'id']).execute(), () => SinkId.parse(make())),
    assignmentOf: (gateway: string, server: string) => assignments.get(`${gateway}/${server}`) ?? AssignmentId.parse(make()),
  };
}

function kept<Id>(
  named: Readonly<Record<string, unknown>>,
  rows: readonly { readonly slug: Slug; readonly id: Id }[],
  make: () => Id,
): ReadonlyMap<string, Id> {
  const before = new Map<string, Id>(rows.map(({ slug, id }) => [slug, id]));
  return new Map(Object.keys(named).map((slug) => [slug, before.get(slug) ?? make()]));
}

function rowsOf(
  { hosts, directory, retention, roles, users, teams, servers, gateways, engines = {}, sinks = {} }: PolicyFile,
  names: Names,
) {
  const assignments = Object.entries(gateways).flatMap(([gateway, of]) =>
    Object.entries(of.assignments).map(([server, assignment]) => ({
      ...assignment,
      id: names.assignmentOf(gateway, server),
      gateway_id: idOf(names.gateways, 'gateway', gateway),
      server_id: idOf(names.servers, 'server', server),
    })),
  );
  return {
    settings: [
      ...(hosts === undefined ? [] : [{ name: 'hosts' as const, value: hosts }]),
      ...(directory === undefined ? [] : [{ name: 'directory' as const, value: JSON.stringify(directory) }]),
      ...(retention === undefined ? [] : [{ name: 'retention' as const, value: JSON.stringify(retention) }]),
    ],
    roles: Object.entries(roles).map(([slug, { title = null, capabilities }]) => ({
      slug: Slug.parse(slug),
      title,
      capabilities: capabilities === undefined ? null : JSON.stringify(capabilities),
    })),
    users: Object.entries(users).map(([slug, { title, kind, email = '', role = null, secretHash, jwks }]) => ({
      ...named(names.users, 'user', slug, title),
      email,
      made_by: null,
      role,
      service: kind === 'service' ? JSON.stringify({ secretHash, jwks }) : null,
    })),
    teams: Object.entries(teams).map(([slug, { title }]) => named(names.teams, 'team', slug, title)),
    servers: Object.entries(servers).map(([slug, server]) => ({
      ...named(names.servers, 'server', slug, server.title),
      kind: server.kind,
      timeout_seconds: server.timeoutSeconds,
      ...reached(server),
    })),
    gateways: Object.entries(gateways).map(([slug, { title, capture = null }]) => ({
      ...named(names.gateways, 'gateway', slug, title),
      capture,
    })),
    memberships: Object.entries(users).flatMap(([slug, user]) =>
      user.teams.map((team, position) => ({
        user_id: idOf(names.users, 'user', slug),
        position,
        team_id: idOf(names.teams, 'team', team),
      })),
    ),
    grants: Object.entries(teams).flatMap(([slug, team]) =>
      team.gateways.map((gateway, position) => ({
        team_id: idOf(names.teams, 'team', slug),
        position,
        gateway_id: idOf(names.gateways, 'gateway', gateway),
      })),
    ),
    assignments: assignments.map(({ id, gateway_id, server_id, reach, identity, stepUp = 'none', pins = null }) => ({
      id,
      gateway_id,
      server_id,
      reach,
      identity,
      step_up: stepUp === 'none' ? null : JSON.stringify(stepUp),
      pins,
    })),
    provisions: assignments.flatMap((assignment) =>
      exposedKinds.flatMap((kind) => {
        const exposed = assignment[kind] ?? 'none';
        if (exposed === 'none') return [];
        return [{ assignment_id: assignment.id, kind, mode: exposed === 'all' ? exposed : ('listed' as const) }];
      }),
    ),
    rules: Object.entries(gateways).flatMap(([slug, { rules = [] }]) =>
      rules.map((rule, position) => ({
        gateway_id: idOf(names.gateways, 'gateway', slug),
        position,
        body: JSON.stringify(rule),
      })),
    ),
    engines: Object.entries(engines).map(([slug, engine]) => ({ slug: Slug.parse(slug), body: JSON.stringify(engine) })),
    sinks: Object.entries(sinks).map(([slug, sink]) => ({
      id: idOf(names.sinks, 'sink', slug),
      slug: Slug.parse(slug),
      body: JSON.stringify(sink),
    })),
    items: assignments.flatMap((assignment) =>
      exposedKinds.flatMap((kind) => {
        const exposed = assignment[kind] ?? 'none';
        if (typeof exposed === 'string') return [];
        return exposed.map((item, position) => ({ assignment_id: assignment.id, kind, position, ...itemRow(item) }));
      }),
    ),
  };
}

function itemRow(item: string | Condition) {
  return typeof item === 'string' ? { name: item, condition: null } : { name: '', condition: JSON.stringify(item) };
}

function reached(server: PolicyServer) {
  if (server.kind === 'workstation')
    return {
      shareable: server.shareable ? 1 : 0,
      url: null,
      auth: null,
      header: null,
      allow_private: null,
      transport: null,
      egress: null,
      oauth: null,
      sign: null,
    };
  const { url, auth, header = null, allowPrivate, transport, egress = null } = server;
  const oauth = server.oauth === undefined ? null : JSON.stringify(server.oauth);
  const reach = { url, auth, header, allow_private: JSON.stringify(allowPrivate), transport, egress, oauth };
  return { ...reach, shareable: 0, sign: server.sign ? 1 : 0 };
}

function named<Id>(ids: ReadonlyMap<string, Id>, what: string, slug: string, title: string | undefined) {
  return { id: idOf(ids, what, slug), slug: Slug.parse(slug), title: title ?? null };
}

function idOf<Id>(ids: ReadonlyMap<string, Id>, what: string, slug: string): Id {
  const id = ids.get(slug);
  if (id === undefined)
    throw new Fault('NAME_UNKNOWN', { what, name: slug, hint: 'The policy names it but does not define it.' });
  return id;
}
