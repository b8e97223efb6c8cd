// Tables and lines for people at a terminal. Text that came from a device or a request can't steer the terminal: control characters and
// those that reorder text are shown as escapes.
import type { SinkStatus } from '#contract/admin-sink.ts';
import type { shownDirectoryToken } from './directory-token.ts';
import type { ShownAccessToken } from '#contract/admin-me.ts';
import type { DeedRecord } from '#contract/audit.ts';
import type { HostProof } from '#contract/host-identity.ts';
import type { Alert } from '../store/alert.ts';
import { everything, type Switch, type SwitchTarget } from '#contract/switch.ts';
import type { DirectoryStore } from '../store/directory.ts';
import type { Connection, MadePerson } from '../store/sign-in.ts';
import type { SeenHost, Token } from '../store/store.ts';
import type { ShownHost } from './host.ts';
import type { ShownIdentity } from './identity.ts';
import { durationWords } from './duration.ts';
import type { OfferedServer } from './offer.ts';
import type { StandingWorkstation } from './workstation.ts';
import type { Tailed } from './tail.ts';
import { stateOf } from './token-state.ts';

/** Rows under their headings, columns padded; `empty` where there are none. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text with every control, format and line-separating character as an escape. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

export function tokenTable(tokens: readonly Token[], now: number): string {
  const rows = tokens.map((token) => [
    token.id,
    token.kind,
    token.user,
    token.kind === 'enroll' ? '' : token.gateway,
    token.kind === 'enroll' ? '' : token.host,
    stateOf(token, now),
    time(token.expiresAt),
  ]);
  return table(['ID', 'KIND', 'USER', 'GATEWAY', 'HOST', 'STATE', 'EXPIRES'], rows, 'There are no tokens.');
}

export function switchTable(switches: readonly Switch[]): string {
  const rows = switches.map(({ kind, name, since, until, by, isTold, reason }) => [
    kind,
    kind === everything ? '' : name,
    time(since),
    until === null ? 'it is switched on' : time(until),
    by,
    `${reason}${isTold ? ' (told)' : ''}`,
  ]);
  return table(['WHAT', 'NAME', 'OFF SINCE', 'UNTIL', 'BY', 'REASON'], rows, 'Nothing is switched off.');
}

export function switchWords({ kind, name }: SwitchTarget): string {
  return kind === everything ? everything : `${kind} ${printable(name)}`;
}

export function accessTokenTable(tokens: readonly ShownAccessToken[]): string {
  const rows = tokens.map(({ id, user, title, capabilities, state, expiresAt, usedAt }) => [
    id,
    user,
    title,
    capabilities === null ? '(all of the role)' : capabilities.join(' '),
    state,
    time(expiresAt),
    usedAt === null ? 'never' : time(usedAt),
  ]);
  return table(
    ['ID', 'USER', 'TITLE', 'CAPABILITIES', 'STATE', 'EXPIRES', 'LAST USED'],
    rows,
    'There are no personal access tokens.',
  );
}

export function directoryTokenTable(tokens: readonly ReturnType<typeof shownDirectoryToken>[]): string {
  const rows = tokens.map(({ id, title, state, expiresAt, usedAt }) => [
    id,
    title,
    state,
    time(expiresAt),
    usedAt === null ? 'never' : time(usedAt),
  ]);
  return table(['ID', 'TITLE', 'STATE', 'EXPIRES', 'LAST USED'], rows, 'There are no tokens of a directory.');
}

export function heldTable(held: Awaited<ReturnType<DirectoryStore['held']>>): string {
  const rows = held.map(({ slug, cause, since }) => [slug, cause, time(since)]);
  return table(['PERSON', 'BY', 'SINCE'], rows, 'Everybody whom the policy or a directory names counts as there.');
}

export function workstationTable(workstations: readonly StandingWorkstation[]): string {
  const rows = workstations.map((one) => [
    one.id,
    one.user,
    one.hostname,
    one.osUser,
    one.platform,
    one.revokedAt === null ? 'enrolled' : 'revoked',
    one.lastSeenAt === null ? 'never' : time(one.lastSeenAt),
    one.standing === null ? '' : one.standing.state === 'converged' ? 'converged' : `${one.standing.state}: ${one.standing.why}`,
  ]);
  return table(
    ['ID', 'USER', 'HOSTNAME', 'OS USER', 'PLATFORM', 'STATE', 'LAST SEEN', 'POSTURE'],
    rows,
    'There are no workstations.',
  );
}

export function connectionTable(connections: readonly Connection[]): string {
  const rows = connections.map((one) => [
    one.id,
    one.user.slug,
    one.gateway,
    one.title,
    one.client,
    one.redirect,
    one.revokedAt === null ? 'live' : 'revoked',
    time(one.createdAt),
  ]);
  return table(['ID', 'USER', 'GATEWAY', 'HOST', 'CLIENT', 'REDIRECT', 'STATE', 'SINCE'], rows, 'There are no connections.');
}

export function identityTable(identities: readonly ShownIdentity[]): string {
  const rows = identities.map(({ id, server, user, gateway, origin, kind, state, setAt }) => [
    id,
    server,
    user ?? '(shared)',
    gateway ?? '(every)',
    origin,
    kind,
    state,
    time(setAt),
  ]);
  return table(['ID', 'SERVER', 'USER', 'GATEWAY', 'SENT TO', 'KIND', 'STATE', 'SET'], rows, 'There are no identities.');
}

export function accountTable(accounts: readonly { readonly email: string; readonly createdAt: number }[]): string {
  return table(
    ['E-MAIL', 'SINCE'],
    accounts.map((one) => [one.email, time(one.createdAt)]),
    'There is no emergency account.',
  );
}

export function personTable(people: readonly MadePerson[]): string {
  const rows = people.map(({ slug, email, provider, lastAt }) => [slug, email, provider, lastAt === null ? '-' : time(lastAt)]);
  return table(['USER', 'E-MAIL', 'MADE BY', 'LAST SIGN-IN'], rows, 'No sign-in made a user.');
}

/** What a host calls itself is marked as that. */
export function hostTable(hosts: readonly (SeenHost & { readonly proof: HostProof })[]): string {
  const use = (of: SeenHost['last']) => (of ? `${time(of.at)} ${of.user} ${of.gateway}` : '-');
  const rows = hosts.map(({ id, proof, title, state, first, last }) => [
    id,
    proof === 'domain' ? new URL(id).hostname : proof,
    title === undefined ? '-' : `says "${title}"`,
    state,
    use(first),
    use(last),
  ]);
  return table(['ID', 'VOUCHED FOR BY', 'NAME', 'STATE', 'FIRST USED', 'LAST USED'], rows, 'No host was used here yet.');
}

/** All that is known of one host; what it calls itself is marked as that. */
export function hostText(host: ShownHost): string {
  const { id, proof, title, state, isLetIn, decidedAt, uses, connections } = host;
  const head = [
    `${id} (vouched for by: ${proof})${title === undefined ? '' : `, calls itself "${title}"`}`,
    `${isLetIn ? 'let in' : 'turned away'}: ${decidedAt === undefined ? 'nothing was decided of it' : `${state} since ${time(decidedAt)}`}`,
  ];
  const rows = uses.map((use) => [use.user, use.gateway, time(use.firstAt), time(use.lastAt), String(use.minutes)]);
  return [
    ...head.map(printable),
    '',
    table(['USER', 'GATEWAY', 'FIRST USED', 'LAST USED', 'MINUTES'], rows, 'Nobody used it in the last half year.'),
    '',
    connectionTable(connections),
  ].join('\n');
}

export function alertTable(alerts: readonly Alert[]): string {
  const rows = alerts.map(({ id, level, key, words, count, firstAt, at, closedAt }) => [
    id,
    closedAt === null ? level : 'closed',
    key,
    String(count),
    time(firstAt),
    time(at),
    words,
  ]);
  return table(['ID', 'LEVEL', 'ABOUT', 'TIMES', 'FIRST', 'LAST', 'WHAT'], rows, 'There are no alerts.');
}

/** What is set aside, dropped or skipped is told where there is any. */
export function sinkTable(sinks: readonly SinkStatus[]): string {
  const rows = sinks.map((one) => {
    const { state, missing, rejected, skipped, parked, failingSince, lastError } = one;
    const losses = Object.entries({ rejected, skipped, parked }).flatMap(([name, count]) =>
      count > 0 ? [`${count} ${name}`] : [],
    );
    const why =
      missing.length > 0
        ? `set ${missing.join(', ')}`
        : failingSince === null
          ? losses.join(', ')
          : [`since ${time(failingSince)}: ${lastError ?? ''}`, ...losses].join('; ');
    const last = one.deliveredAt === null ? 'never' : time(one.deliveredAt);
    const lag = one.owed === 0 ? '-' : durationWords(one.lagMs);
    return [one.sink, one.kind, state, String(one.owed), lag, `${one.limit} (${one.onFull})`, String(one.sent), last, why];
  });
  return table(['SINK', 'KIND', 'STATE', 'OWES', 'LAG', 'LIMIT', 'SENT', 'LAST', 'WHY'], rows, 'There are no sinks.');
}

/** An offer in full: whoever approves it sees the whole command. */
export function offerText(offer: OfferedServer): string {
  const { command } = offer;
  const lines: readonly (readonly [string, string])[] = [
    ['workstation', `${offer.hostname} (${offer.workstation})`],
    ['user', offer.user ?? 'unknown'],
    ['kind', command.kind],
    ['identity', command.identity],
    ['version', command.version ?? '-'],
    ['entry', command.entry ?? '-'],
    ['directory', command.cwd ?? '-'],
    ['arguments', command.args.length > 0 ? command.args.map(quoted).join(' ') : '-'],
    ['environment', command.environmentNames.join(' ') || '-'],
    ['loads by', command.loading?.map(quoted).join(' ') ?? '-'],
    [
      'content',
      `sha256:${command.contentHash}${command.isCodeHashed === false ? ' (of the interpreter only, not of the code it runs)' : ''}`,
    ],
    ['hosts', offer.hosts.join(' ') || '-'],
    ['fingerprint', offer.fingerprint],
    ['verdict', offer.verdict],
    ...(offer.isDisputed ? [['disputed', 'another workstation describes this fingerprint in another way'] as const] : []),
  ];
  return [offer.server, ...lines.map(([name, value]) => `  ${name.padEnd(12)} ${printable(value)}`)].join('\n');
}

export function recordLine({ chain, seq, record }: Tailed): string {
  if (!record) return `${chain} ${seq} can't be read: run \`audit verify\``;
  const at = time(record.at);
  if (record.kind === 'event') {
    const detail = Object.entries(record.detail).map(([name, value]) => `${name}=${value}`);
    return printable([at, record.event, record.user?.name ?? '-', record.code ?? '', ...detail].filter(Boolean).join(' '));
  }
  if (record.kind === 'deed') return deedLine(record);
  const where = [record.gateway?.name, record.server?.name, record.tool ?? record.item?.name]
    .filter((name) => typeof name === 'string')
    .join('/');
  const total = record.legs.gatewayToHost ?? record.legs.serverToGateway ?? record.legs.hostToGateway;
  const took = total === undefined ? '' : total < 1e6 ? `${(total / 1000).toFixed(1)} ms` : durationWords(total / 1000);
  const who = `${record.user?.name ?? '-'} ${record.host ?? '-'}`;
  return printable([at, record.decision, record.method, where || '-', who, record.code ?? '', took].filter(Boolean).join(' '));
}

/** Who did what to what, and why; what changed by it is in the JSON. */
function deedLine({ at, actor, operation, target, reason }: DeedRecord): string {
  const who =
    actor.kind === 'user' ? actor.user.name : actor.kind === 'command-line' ? `command-line:${actor.osUser}` : actor.part;
  return printable(
    [time(at), 'deed', operation, target ?? '-', who, reason === null ? '' : `"${reason}"`].filter(Boolean).join(' '),
  );
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
