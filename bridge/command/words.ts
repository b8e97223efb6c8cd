// The agent's state as a person reads it in a terminal.
import type { AgentServer, AgentState, AgentTunnel } from '#contract/agent.ts';
import { findingOf } from '#contract/finding.ts';
import type { ConvergeReport, Plan, RestoreReport } from '#contract/host-report.ts';

export function statusInWords(state: AgentState, nowMs: number): string {
  const { profile, device, servers, hosts, findings } = state;
  const lines = [
    `Drawbridge ${state.productVersion}, running for ${duration(nowMs - state.since)} (process ${state.pid})`,
    `Gateway      ${profile.gatewayUrl ?? 'none: the profile names none'}`,
    `Connection   ${tunnelInWords(state.tunnel, nowMs)}`,
    ...(state.paused === undefined ? [] : [`Paused       for ${duration(Math.max(0, state.paused.until - nowMs))} more`]),
    `Workstation  ${device ? `${device.workstation}, of ${device.userName}` : 'not enrolled'}`,
    `Profile      ${profile.file ?? 'none'}${profile.isForced ? ', set by your organization' : ''}; mode ${profile.mode}`,
    ...(profile.managedBy === undefined ? [] : [`Managed by   ${profile.managedBy}`]),
    '',
    serversInWords(servers, nowMs),
    '',
    table(
      ['AI HOST', 'STATE', 'CONFIG'],
      hosts.flatMap(({ title, isInstalled, needsRestart, files }) => {
        const there = files.filter(({ state: of }) => of !== 'missing');
        const restart = needsRestart ? ', needs a restart' : '';
        if (there.length === 0) return [[title, isInstalled ? 'no config' : 'not installed', '']];
        return there.map((file) => [title, file.state + restart, file.shownAs]);
      }),
    ),
    '',
    ...(findings.length === 0 ? ['Nothing needs attention.'] : ['Needs attention:', ...findings.flatMap(findingInWords)]),
    ...(profile.supportUrl === undefined ? [] : [`Help: ${profile.supportUrl}`]),
  ];
  return lines.join('\n');
}

export function tunnelInWords(tunnel: AgentTunnel, nowMs: number): string {
  switch (tunnel.kind) {
    case 'connected':
      return `connected for ${duration(nowMs - tunnel.since)} (gateways: ${tunnel.gateways.join(', ') || 'none granted'})`;
    case 'connecting':
      return 'connecting';
    case 'offline':
      return `offline: ${tunnel.reason}; next try in ${duration(Math.max(0, tunnel.retryAtMs - nowMs))}`;
    case 'refused':
      return `refused: ${tunnel.message}`;
    case 'off':
      return offWords[tunnel.reason];
  }
}

const offWords = {
  gateway_unset: 'none: no gateway is set',
  not_enrolled: 'none: not enrolled',
  paused: 'none: paused',
  stopping: 'stopping',
} as const;

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function findingInWords({ code, host, path, server, setting, detail }: AgentState['findings'][number]): string[] {
  const { severity, meaning, action } = findingOf(code);
  const about = [setting, host, path, server?.name].filter(Boolean).join(' ');
  return [
    `  ${severity === 'high' ? '!' : '-'} ${code}${about === '' ? '' : ` (${about})`}: ${meaning}`,
    ...(detail === undefined ? [] : [`      ${detail}`]),
    `      ${action}`,
  ];
}

/** `4 s`, `10 min`, `5 h`, `10 d`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

export function serversInWords(servers: readonly AgentServer[], nowMs: number): string {
  if (servers.length === 0) return 'No local servers.';
  const rows = servers.map(({ server, status, command, detail, origin, hosts }) => [
    server,
    status,
    command ? `${command.identity}${command.version === undefined ? '' : `@${command.version}`}` : (detail ?? ''),
    origin === 'profile' ? 'profile' : hosts.join(', '),
  ]);
  const failures = servers.flatMap((server) => failureInWords(server, nowMs) ?? []);
  return [table(['LOCAL SERVER', 'STATUS', 'WHAT IT IS', 'FROM'], rows), ...failures.map((line) => `  - ${line}`)].join('\n');
}

/** What went wrong with a server that is not running: it may do well the next time. */
export function failureInWords({ lastError, children }: AgentServer, nowMs: number): string | undefined {
  if (lastError === undefined || children > 0) return undefined;
  return `${duration(Math.max(0, nowMs - lastError.at))} ago: ${lastError.message}`;
}

export function planInWords({ files, findings }: Plan | ConvergeReport, tense: 'would be' | 'was'): string {
  // What could not be written has a diff too: it was not changed.
  const changed = files.filter((file) => file.diff !== '' && (!('isWritten' in file) || file.isWritten === true));
  const head =
    changed.length === 0
      ? tense === 'was'
        ? 'Nothing was changed.'
        : 'Nothing is to be changed.'
      : changed.map(({ shownAs }) => `${shownAs} ${tense} changed`).join('\n');
  const notes = findings.map(({ code, path, server, detail }) =>
    ['!', code, path, server?.name, detail].filter(Boolean).join(' '),
  );
  return [head, ...notes, ...changed.map(({ diff }) => `\n${diff}`)].join('\n');
}

export function restoreInWords({ files }: RestoreReport): string {
  if (files.length === 0) return 'There is nothing to put back.';
  return table(
    ['CONFIG', 'RESULT'],
    files.map(({ shownAs, result, findings }) => [
      shownAs,
      [result, ...findings.map(({ code, detail }) => `${code}: ${detail ?? findingOf(code).meaning}`)].join(' '),
    ]),
  );
}
