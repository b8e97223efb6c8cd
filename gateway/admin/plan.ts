// What applying a policy would change, in words; pure. Order and repetition in lists of names mean nothing, so they are no change.
import { hash } from 'node:crypto';
import type { z } from 'zod';
import { counted } from '#contract/counted.ts';
import { groupsInOrder, reachedGateways } from '#contract/grant.ts';
import { conditionText, ToolCondition } from '#contract/condition.ts';
import type {
  PolicyAssignment,
  PolicyFile,
  PolicyGateway,
  PolicyRole,
  PolicyServer,
  PolicyTeam,
  PolicyUser,
} from '#contract/policy.ts';
import { payloadDays } from '#contract/retention.ts';
import type { PolicySink } from '#contract/sink.ts';
import type { MadePerson } from '../store/sign-in.ts';
import type { Token, Workstation } from '../store/store.ts';
import { stateOf } from './token-state.ts';

export interface Change {
  readonly action: 'add' | 'change' | 'remove';
  readonly what:
    | 'setting'
    | 'directory'
    | 'role'
    | 'user'
    | 'team'
    | 'server'
    | 'gateway'
    | 'assignment'
    | 'rule'
    | 'engine'
    | 'sink'
    | 'access';
  /** A slug; `<gateway>/<server>` of an assignment; `<gateway>/<name>` of a rule; `<user> -> <gateway>` of access. */
  readonly name: string;
  /** What is different, or what goes with a removal. */
  readonly detail: readonly string[];
}
/** What hangs on users and gateways beside the policy. */
export interface Held {
  readonly tokens: readonly Token[];
  readonly workstations: readonly Workstation[];
  /** Users whom sign-ins made: no file names them, and no file removes them but by taking their name or address. */
  readonly made?: readonly MadePerson[];
  readonly now: number;
}

/** Every change from one policy to another. Empty means that applying changes nothing. Yields wherever it may be interrupted. */
export function* planPolicy(before: PolicyFile, after: PolicyFile, held: Held): Generator<void, readonly Change[]> {
  const live = held.tokens.filter((token) => stateOf(token, held.now) === 'valid');
  const tokensOf = Map.groupBy(live, (token): string => token.user);
  const atGateway = Map.groupBy(live, (token): string => (token.kind === 'enroll' ? '' : token.gateway));
  const workstations = held.workstations.filter(({ revokedAt }) => revokedAt === null);
  const workstationsOf = Map.groupBy(workstations, ({ user }): string => user);
  const parts = [
    compare('setting', settingsOf(before), settingsOf(after), () => []),
    of('role', before.roles, after.roles, roleFacts),
    compare('directory', groupsOf(before), groupsOf(after), () => ['this group gives nothing any more']),
    of('user', before.users, after.users, userFacts, (user) => [
      revoked(tokensOf.get(user)?.length ?? 0, 'token'),
      revoked(workstationsOf.get(user)?.length ?? 0, 'workstation'),
    ]),
    taken(after, held.made ?? []),
    of('team', before.teams, after.teams, teamFacts),
    of('server', before.servers, after.servers, serverFacts),
    of('gateway', before.gateways, after.gateways, gatewayFacts, (gateway) => [
      revoked(atGateway.get(gateway)?.length ?? 0, 'token'),
    ]),
    of('assignment', assignmentsOf(before), assignmentsOf(after), assignmentFacts),
    compare('rule', rulesOf(before), rulesOf(after), () => []),
    of('engine', before.engines ?? {}, after.engines ?? {}, plainFacts),
    of('sink', before.sinks ?? {}, after.sinks ?? {}, sinkFacts, () => ['what it still owes is not sent']),
    compareAccess(before, after),
  ];
  const changes: Change[] = [];
  for (const part of parts)
    for (const change of yield* part) changes.push(change.what === 'setting' ? warned(change, before, after) : change);
  return changes;
}

function* of<T>(
  what: Change['what'],
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  read: (value: T) => Facts,
  onRemoval: (name: string) => readonly string[] = () => [],
): Generator<void, readonly Change[]> {
  return yield* compare(what, yield* facts(before, read), yield* facts(after, read), onRemoval);
}

function* taken({ users }: PolicyFile, made: readonly MadePerson[]): Generator<void, readonly Change[]> {
  yield;
  const byEmail = new Map(Object.entries(users).map(([slug, { email }]) => [email?.toLowerCase(), slug]));
  return made.flatMap(({ slug, email, provider }): readonly Change[] => {
    const heir = Object.hasOwn(users, slug) ? slug : byEmail.get(email.toLowerCase());
    if (heir === undefined) return [];
    const what =
      heir === slug ? 'is from now on as the file says' : `the file names this address as ${heir}: revokes what was theirs`;
    const detail = [`made by a sign-in at ${provider}`, what];
    return [{ action: heir === slug ? 'change' : 'remove', what: 'user', name: slug, detail }];
  });
}

const signs = { add: '+', change: '~', remove: '-' } as const;

/** One line for a person. */
export function describeChange({ action, what, name, detail }: Change): string {
  return `${signs[action]} ${what} ${name}${detail.length > 0 ? `: ${detail.join('; ')}` : ''}`;
}

/** What is compared of a thing: names of facts with their values in one canonical text, or as a set of names. */
type Facts = Readonly<Record<string, string | ReadonlySet<string>>>;

function* compare(
  what: Change['what'],
  before: ReadonlyMap<string, Facts>,
  after: ReadonlyMap<string, Facts>,
  onRemoval: (name: string) => readonly string[],
): Generator<void, readonly Change[]> {
  const changes: Change[] = [];
  for (const [name, facts] of after) {
    yield;
    const old = before.get(name);
    const detail = differences(old ?? {}, facts);
    if (!old) changes.push({ action: 'add', what, name, detail: detail.filter((text) => text !== '') });
    else if (detail.length > 0) changes.push({ action: 'change', what, name, detail });
  }
  for (const name of before.keys()) {
    yield;
    if (after.has(name)) continue;
    changes.push({ action: 'remove', what, name, detail: onRemoval(name).filter((text) => text !== '') });
  }
  return changes;
}

function differences(before: Facts, after: Facts): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (old instanceof Set && now instanceof Set) {
      const gone = [...old].filter((one) => !now.has(one)).map((one) => `-${one}`);
      const come = [...now].filter((one) => !old.has(one)).map((one) => `+${one}`);
      return gone.length + come.length > 0 ? [`${name} ${[...gone, ...come].join(' ')}`] : [];
    }
    const [oldText, nowText] = [textOf(old), textOf(now)];
    if (oldText === nowText) return [];
    return [oldText === '' ? `${name} ${nowText}` : `${name} ${oldText} -> ${nowText || 'none'}`];
  });
}

function textOf(value: string | ReadonlySet<string> | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? '';
  return value.size === 0 ? 'none' : JSON.stringify([...value].toSorted());
}

function* facts<T>(of: Readonly<Record<string, T>>, read: (value: T) => Facts): Generator<void, ReadonlyMap<string, Facts>> {
  const found = new Map<string, Facts>();
  for (const [name, value] of Object.entries(of)) {
    found.set(name, read(value));
    yield;
  }
  return found;
}
/** They are always there, so that they only change. */
const settingsOf = ({ hosts = 'open', retention }: PolicyFile): ReadonlyMap<string, Facts> =>
  new Map([
    ['hosts', { value: hosts }],
    ['retention.records', { value: retention?.records ?? 'for good' }],
    ['retention.payloads', { value: payloadDays(retention) }],
  ]);
/** What applying it destroys is said beforehand. */
function warned(change: Change, before: PolicyFile, { retention }: PolicyFile): Change {
  const [old, now] = [before.retention, retention].map((of) => Number.parseInt(payloadDays(of), 10));
  const isLess =
    change.name === 'retention.records'
      ? retention?.records !== undefined
      : change.name === 'retention.payloads' && old !== undefined && now !== undefined && now < old;
  return isLess ? { ...change, detail: [...change.detail, 'what is older is removed for good'] } : change;
}
const quoted = (title: string | undefined): string => (title === undefined ? '' : JSON.stringify(title));
const titleFacts = (of: { title?: string | undefined }): Facts => ({ title: quoted(of.title) });
const gatewayFacts = ({ capture = 'off', ...of }: PolicyGateway): Facts => ({
  ...titleFacts(of),
  capture: capture === 'off' ? '' : capture,
});
const roleFacts = ({ capabilities, ...of }: PolicyRole): Facts => ({
  ...titleFacts(of),
  ...(capabilities && { capabilities: new Set(capabilities) }),
});
const userFacts = ({ kind = 'person', email = '', role, teams, secretHash = '', jwks, ...of }: PolicyUser): Facts => ({
  ...titleFacts(of),
  kind: kind === 'person' ? '' : kind,
  email,
  role: role ?? '',
  teams: new Set(teams),
  secretHash,
  jwks: jwks === undefined ? '' : JSON.stringify(jwks),
});
/** One with a role with the one before it that has one: the first counts. */
function groupsOf(policy: PolicyFile): ReadonlyMap<string, Facts> {
  let before = '';
  return new Map(
    groupsInOrder(policy).map(([name, { teams, role, rank }]) => {
      const behind = role === undefined ? '' : before;
      if (role !== undefined) before = name;
      return [name, { teams: new Set(teams), role: role ?? '', rank: String(rank ?? ''), behind }];
    }),
  );
}
const teamFacts = (of: z.infer<typeof PolicyTeam>): Facts => ({ ...titleFacts(of), gateways: new Set(of.gateways) });
function plainFacts(of: Readonly<Record<string, unknown>>): Facts {
  const read = (name: string, value: unknown) => {
    if (value === undefined || value === 'none') return '';
    if (name === 'title') return quoted(String(value));
    return Array.isArray(value) ? new Set(value.map(itemText)) : String(value);
  };
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, read(name, value)]));
}

/** A name; or a condition, which no name is taken for. */
function itemText(item: unknown): string {
  if (typeof item === 'string') return /^(?:if:|")/.test(item) ? JSON.stringify(item) : item;
  const condition = ToolCondition.safeParse(item);
  return condition.success ? conditionText(condition.data) : String(item);
}

/** Absent, it is pinned at first use. */
function assignmentFacts({ pins = 'first-use', ...of }: PolicyAssignment): Facts {
  return { ...plainFacts(of), pins };
}

/** What is as it is by itself is nothing to tell. */
function serverFacts(of: PolicyServer): Facts {
  if (of.kind !== 'remote') return plainFacts(of);
  const { allowPrivate, transport, sign, ...told } = of;
  return plainFacts({
    ...partsOf(told),
    allowPrivate: allowPrivate.length === 0 ? undefined : allowPrivate,
    transport: transport === 'auto' ? undefined : transport,
    sign: sign ? 'yes' : undefined,
  });
}

/** Of what is made of parts the parts are told, so that a certificate or a filter is no wall of text. */
function sinkFacts(of: PolicySink): Facts {
  const ca = 'ca' in of && of.ca !== undefined ? { ca: `sha256:${hash('sha256', of.ca).slice(0, 16)}` } : {};
  return plainFacts(partsOf({ ...of, ...ca }));
}

function partsOf(of: object): Readonly<Record<string, unknown>> {
  const parts = Object.entries(of).flatMap(([name, value]): [string, unknown][] => {
    if (Array.isArray(value) || !(value instanceof Object)) return [[name, value]];
    return Object.entries(value).map(([part, of]) => [`${name}.${part}`, of]);
  });
  return Object.fromEntries(parts);
}

function assignmentsOf(policy: PolicyFile): Readonly<Record<string, PolicyAssignment>> {
  return Object.fromEntries(
    Object.entries(policy.gateways).flatMap(([gateway, { assignments }]) =>
      Object.entries(assignments).map(([server, assignment]) => [`${gateway}/${server}`, assignment]),
    ),
  );
}

/** Each with the rule that it stands behind: their order counts. */
function rulesOf({ gateways }: PolicyFile): ReadonlyMap<string, Facts> {
  return new Map(
    Object.entries(gateways).flatMap(([gateway, { rules = [] }]) =>
      rules.map(({ name, ...rule }, index): [string, Facts] => {
        const told = Object.entries(rule).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]);
        return [`${gateway}/${name}`, { ...Object.fromEntries(told), behind: rules[index - 1]?.name ?? '' }];
      }),
    ),
  );
}

/** Who reaches which gateway, for users and gateways that are in both: what a changed team or role means. */
function* compareAccess(before: PolicyFile, after: PolicyFile): Generator<void, readonly Change[]> {
  const [added, removed]: [Change[], Change[]] = [[], []];
  const change = (action: Change['action'], name: string): Change => ({ action, what: 'access', name, detail: [] });
  const isInBoth = (gateway: string) => [before, after].every(({ gateways }) => Object.hasOwn(gateways, gateway));
  const users = new Map(Object.entries(before.users));
  for (const [user, now] of Object.entries(after.users)) {
    yield;
    const was = users.get(user);
    if (was === undefined) continue;
    const [old, reached] = [reachedGateways(before, was), reachedGateways(after, now)];
    for (const gateway of reached) if (!old.has(gateway) && isInBoth(gateway)) added.push(change('add', `${user} -> ${gateway}`));
    for (const gateway of old)
      if (!reached.has(gateway) && isInBoth(gateway)) removed.push(change('remove', `${user} -> ${gateway}`));
  }
  return [...added, ...removed];
}

function revoked(count: number, noun: string): string {
  return count > 0 ? `revokes ${counted(count, noun)}` : '';
}
