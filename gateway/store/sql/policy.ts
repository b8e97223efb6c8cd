// The policy as relational rows: read back as the file that was applied, replaced as a whole. Rows are kept by slug, so that what stays keeps its id.
import { sql } from 'kysely';
import type { AssignmentId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, PolicyUser } from '#contract/policy.ts';
import type { PolicyIds } from '#contract/policy.ts';
import type { StoredPolicy, Whom } from '../store.ts';
import { pauses } from '../../slice.ts';
import type { Db } from '../table.ts';
import { readAtOnce } from './change.ts';
import { directoryGrants } from './directory-grant.ts';
import { heldAmong, heldUsers } from './held.ts';
import { sinks } from './sink.ts';

export async function policy(db: Db, whom?: Whom): Promise<StoredPolicy> {
  const { isHeld, ...rows } = await readAtOnce(db, (tx) => read(tx, whom));
  return await policyOf({ ...rows, users: rows.users.filter((user) => !isHeld(user)) });
}

export async function filedPolicy(db: Db): Promise<PolicyFile> {
  const rows = await readAtOnce(db, (tx) => read(tx));
  const users = rows.users.filter(({ made_by }) => made_by === null);
  return (await policyOf({ ...rows, users, groups: [], given: new Map() })).policy;
}

/** In slices: there may be a hundred thousand people. */
async function policyOf(rows: Omit<Awaited<ReturnType<typeof read>>, 'isHeld'>): Promise<StoredPolicy> {
  const pause = pauses();
  const teamSlug = slugs(rows.teams);
  const gatewaySlug = slugs(rows.gateways);
  const serverSlug = slugs(rows.servers);
  const teamsOf = Map.groupBy(rows.memberships, (row) => row.user_id);
  const grantsOf = Map.groupBy(rows.grants, (row) => row.team_id);
  const assignmentsOf = Map.groupBy(rows.assignments, (row) => row.gateway_id);
  const rulesOf = Map.groupBy(rows.rules, (row) => row.gateway_id);
  const modesOf = Map.groupBy(rows.provisions, (row) => row.assignment_id);
  const itemsOf = Map.groupBy(rows.items, (row) => row.assignment_id);
  const exposed = (id: AssignmentId) =>
    (modesOf.get(id) ?? []).map(({ kind, mode }) => {
      const items = (itemsOf.get(id) ?? []).filter((item) => item.kind === kind);
      return [kind, mode === 'all' ? mode : items.map(({ name, condition }) => (condition === null ? name : parsed(condition)))];
    });

  const teams = new Set<string>(teamSlug.values());
  const groupsOf = Map.groupBy(rows.groups, (row) => row.user_id);
  const ofGroups = (id: UserId) =>
    [...(groupsOf.get(id) ?? []).map((row) => row.team_slug), ...(rows.given.get(id)?.teams ?? [])].filter((team) =>
      teams.has(team),
    );

  const teamsFor = (id: UserId) => [
    ...new Set([...(teamsOf.get(id) ?? []).flatMap((row) => teamSlug.get(row.team_id) ?? []), ...ofGroups(id)]),
  ];
  const personOf = ({ id, title, email, role }: Pick<UserRow, 'id' | 'title' | 'email' | 'role'>) => ({
    ...titled(title),
    email,
    teams: teamsFor(id),
    ...having(role ?? rows.given.get(id)?.role),
  });
  const serviceOf = (row: Pick<UserRow, 'id' | 'title' | 'email' | 'role'>) => ({
    ...personOf(row),
    email: undefined,
    kind: 'service',
  });
  const [filed, made] = [rows.users.filter((row) => row.made_by === null), rows.users.filter((row) => row.made_by !== null)];
  const file = {
    version: 1,
    ...Object.fromEntries(rows.settings.map(({ name, value }) => [name, name === 'hosts' ? value : parsed(value)])),
    roles: bySlug(rows.roles, ({ title, capabilities }) => ({ ...titled(title), ...granting(capabilities) })),
    users: {},
    teams: bySlug(rows.teams, ({ id, title }) => ({
      ...titled(title),
      gateways: (grantsOf.get(id) ?? []).map((row) => gatewaySlug.get(row.gateway_id)),
    })),
    servers: bySlug(rows.servers, ({ title, timeout_seconds, ...server }) => ({
      ...titled(title),
      ...(server.kind === 'workstation' ? { shareable: server.shareable === 1 } : remoteOf(server)),
      kind: server.kind,
      timeoutSeconds: timeout_seconds,
    })),
    gateways: bySlug(rows.gateways, ({ id, title, capture }) => ({
      ...titled(title),
      ...(capture === null ? {} : { capture }),
      assignments: Object.fromEntries(
        (assignmentsOf.get(id) ?? [])
          .map((row) => ({ ...row, slug: serverSlug.get(row.server_id) ?? '' }))
          .toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
          .map(({ id, slug, reach, identity, step_up, pins }) => [
            slug,
            { reach, identity, ...stepUp(step_up), ...(pins === null ? {} : { pins }), ...Object.fromEntries(exposed(id)) },
          ]),
      ),
      ...rulesIn(rulesOf.get(id) ?? []),
    })),
    ...(rows.engines.length === 0 ? {} : { engines: bySlug(rows.engines, ({ body }) => parsed(body)) }),
    ...(rows.sinks.length === 0 ? {} : { sinks: bySlug(rows.sinks, ({ config }) => config) }),
  };
  const ids: PolicyIds = {
    users: Object.fromEntries(rows.users.map((row) => [row.slug, row.id])),
    teams: bySlug(rows.teams, (row) => row.id),
    servers: bySlug(rows.servers, (row) => row.id),
    gateways: bySlug(rows.gateways, (row) => row.id),
    assignments: Object.fromEntries(
      rows.assignments.map((row) => [`${gatewaySlug.get(row.gateway_id)}/${serverSlug.get(row.server_id)}`, row.id]),
    ),
  };
  await pause();
  const policy = PolicyFile.parse(file);
  await pause();
  for (const { service, ...row } of inOrder(filed)) {
    policy.users[row.slug] = PolicyUser.parse(service === null ? personOf(row) : { ...serviceOf(row), ...provenBy(service) });
    await pause();
  }
  // Of what a directory says each part was read when it came: a hundred thousand people are not read again at each change.
  for (const row of made) {
    policy.users[row.slug] = personOf(row);
    await pause();
  }
  return { policy, ids };
}

type UserRow = Awaited<ReturnType<typeof read>>['users'][number];
type ServerRow = Awaited<ReturnType<typeof read>>['servers'][number];

type RemoteRow = Pick<ServerRow, 'url' | 'auth' | 'header' | 'allow_private' | 'oauth' | 'transport' | 'egress' | 'sign'>;

function remoteOf({ url, auth, header, egress, transport, sign, ...of }: RemoteRow) {
  const allowPrivate: unknown = JSON.parse(of.allow_private ?? '[]');
  const oauth: unknown = of.oauth === null ? undefined : JSON.parse(of.oauth);
  return {
    url,
    auth,
    ...(header === null ? {} : { header }),
    ...(oauth === undefined ? {} : { oauth }),
    ...(egress === null ? {} : { egress }),
    allowPrivate,
    transport: transport ?? 'auto',
    sign: sign === 1,
  };
}

/** `whom`: of users these alone. */
async function read(db: Db, whom?: Whom) {
  const users = await usersOf(db, whom);
  const ids = whom && users.map(({ id }) => id);
  const memberships = db.selectFrom('membership').selectAll().orderBy('position');
  const groups = db.selectFrom('group_membership').selectAll().orderBy('team_slug');
  const held = whom && (await heldAmong(db, users));
  return {
    settings: await db.selectFrom('policy_setting').selectAll().execute(),
    roles: await db.selectFrom('role').selectAll().execute(),
    users,
    given: await directoryGrants(db, ids),
    isHeld: held ? ({ id }: { readonly id: UserId }) => held.has(id) : await heldUsers(db),
    groups: ids?.length === 0 ? [] : await (ids ? groups.where('user_id', 'in', ids) : groups).execute(),
    teams: await db.selectFrom('team').selectAll().execute(),
    memberships: ids?.length === 0 ? [] : await (ids ? memberships.where('user_id', 'in', ids) : memberships).execute(),
    grants: await db.selectFrom('grant').selectAll().orderBy('position').execute(),
    servers: await db.selectFrom('server').selectAll().execute(),
    gateways: await db.selectFrom('gateway').selectAll().execute(),
    assignments: await db.selectFrom('assignment').selectAll().execute(),
    provisions: await db.selectFrom('provision').selectAll().execute(),
    items: await db.selectFrom('provisioned_item').selectAll().orderBy('position').execute(),
    rules: await db.selectFrom('rule').selectAll().orderBy('position').execute(),
    engines: await db.selectFrom('engine').selectAll().execute(),
    sinks: await sinks(db),
  };
}

async function usersOf(db: Db, whom: Whom | undefined) {
  const all = db.selectFrom('user').selectAll();
  if (whom === undefined) return await all.execute();
  if (whom === 'nobody') return [];
  const columns = { slug: sql<string>`slug`, id: sql<string>`id`, email: sql<string>`lower(email)` };
  return await all.where(columns[whom.by], '=', whom.is).execute();
}

function bySlug<Row extends { readonly slug: string }, T>(rows: readonly Row[], as: (row: Row) => T): Record<string, T> {
  return Object.fromEntries(inOrder(rows).map((row) => [row.slug, as(row)]));
}

/** Of the slugs, compared by code unit: databases differ in how they order text. */
function inOrder<Row extends { readonly slug: string }>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}

function slugs<Id, S>(rows: readonly { readonly id: Id; readonly slug: S }[]): Map<Id, S> {
  return new Map(rows.map((row) => [row.id, row.slug]));
}

function rulesIn(rows: readonly { readonly body: string }[]): object {
  return rows.length === 0 ? {} : { rules: rows.map(({ body }) => parsed(body)) };
}

function parsed(body: string): unknown {
  return JSON.parse(body);
}

function stepUp(text: string | null): object {
  const tools: unknown = text === null ? undefined : JSON.parse(text);
  return tools === undefined ? {} : { stepUp: tools };
}

function granting(text: string | null): object {
  const capabilities: unknown = text === null ? undefined : JSON.parse(text);
  return capabilities === undefined ? {} : { capabilities };
}

function provenBy(service: string): object {
  const proof: unknown = JSON.parse(service);
  return proof instanceof Object ? proof : {};
}

const having = (role: Slug | undefined) => (role === undefined ? {} : { role });
const titled = (title: string | null) => (title === null ? {} : { title });
