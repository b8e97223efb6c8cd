// The checks of `drawbridge doctor`, each on its own: none stops another, and each says what it found without the help of the agent where that is possible.
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { AgentState } from '#contract/agent.ts';
import { FindingCode, findingOf } from '#contract/finding.ts';
import type { HostState } from '#contract/host-report.ts';
import { unobservableWords } from '#contract/unobservable.ts';
import { loadDevice } from '../device/enroll.ts';
import { openSecretStore } from '../device/keychain.ts';
import { probeGateway } from '../device/probe.ts';
import type { Device } from '../location.ts';
import { launcherPath, secretService } from '../location.ts';
import { exitCodeOf } from '../posture/format.ts';
import { postureFilePath, readTrustedPosture } from '../posture/status-file.ts';
import type { ProfileReading } from '../profile/read.ts';
import type { Asked } from '../socket/ask.ts';
import type { Check } from './check.ts';
import { checkOf, notOk, ok } from './check.ts';
import type { Terminal } from './terminal.ts';
import { duration, failureInWords, tunnelInWords } from './words.ts';

const run = promisify(execFile);
const launchMs = 15_000;
const skewLimitMs = 60_000;

export interface Patient {
  readonly device: Device;
  readonly terminal: Terminal;
  readonly reading: ProfileReading;
  readonly agent: Asked<AgentState>;
}

export function examineProfile({ reading }: Patient): readonly Check[] {
  const { profile, findings, file } = reading;
  const checks = findings.map((finding) => checkOf('profile', finding));
  if (profile.GatewayURL === undefined) checks.push(checkOf('profile', { code: 'gateway_unset' }));
  if (checks.length > 0) return checks;
  return [ok('profile', file ?? 'there is none', 'What IT set is read and trusted.')];
}

export function examineAgent({ agent, device }: Patient): readonly Check[] {
  if (agent.kind === 'answered') {
    const { pid, productVersion, paused } = agent.value;
    if (paused) return [checkOf('agent', { code: 'paused', detail: `until ${new Date(paused.until).toISOString()}` })];
    return [ok('agent', `version ${productVersion}, process ${pid}`, 'It serves the AI hosts and repairs their configs.')];
  }
  const says = agent.kind === 'failed' ? agent.message : `none answers for ${device.stateDir}`;
  const meaning = 'No AI host reaches its servers, no config is repaired and no posture is written.';
  return [notOk('wrong', { name: 'agent', says, meaning, action: 'Start it: "drawbridge agent", or log in again.' })];
}

export async function examineSecretStore({ device: { stateDir } }: Patient): Promise<readonly Check[]> {
  const store = await openSecretStore({ stateDir, service: secretService(stateDir) });
  if (store.kind === 'file')
    return [
      checkOf('secret store', { code: 'secret_store_fallback', ...(store.reason && { detail: store.reason.slice(0, 500) }) }),
    ];
  return [ok('secret store', "the operating system's", 'Keys and the secrets of configs are kept in it.')];
}

export async function examineEnrollment({ device: { stateDir }, reading }: Patient): Promise<readonly Check[]> {
  const store = await openSecretStore({ stateDir, service: secretService(stateDir) });
  try {
    const device = await loadDevice({ stateDir, secretStore: store });
    const set = reading.profile.GatewayURL;
    if (device === undefined) {
      const check = checkOf('enrollment', { code: 'not_enrolled' });
      return [set === undefined ? { ...check, action: `${findingOf('gateway_unset').action} ${check.action}` } : check];
    }
    if (set !== undefined && device.gatewayOrigin !== set)
      return [checkOf('enrollment', { code: 'not_enrolled', detail: `it is enrolled with ${device.gatewayOrigin}` })];
    return [
      ok('enrollment', `workstation ${device.workstation} of ${device.userName}`, 'The gateway knows this device by its key.'),
    ];
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    const meaning = 'The key of this device can not be had, so the gateway can not know it.';
    return [
      notOk('wrong', { name: 'enrollment', says, meaning, action: 'Unlock the secret store, or enroll the device again.' }),
    ];
  }
}

export async function examineGateway({ reading }: Patient): Promise<readonly Check[]> {
  const { GatewayURL: origin, CACertificateFile } = reading.profile;
  if (origin === undefined) return [];
  const ca = CACertificateFile === undefined ? undefined : await readFile(CACertificateFile, 'utf8').catch(() => undefined);
  const probe = await probeGateway({ origin, ca });
  const name = 'gateway';
  const away = {
    meaning: 'No AI host reaches its servers from here now.',
    action: 'Check the network, the proxy and the certificate.',
  };
  if (probe.kind === 'failed') return [notOk('wrong', { name, about: origin, says: probe.reason, ...away })];
  if (probe.status !== 200)
    return [
      notOk('wrong', {
        name,
        about: origin,
        says: `it answers with status ${probe.status}`,
        ...away,
        action: 'Ask the administrator: it is not ready.',
      }),
    ];
  const checks = [ok(name, `ready, answered in ${probe.tookMs} ms`, 'It can be reached from here.', origin)];
  if (probe.skewMs === undefined) return checks;
  const skew = `${duration(Math.abs(probe.skewMs))} ${probe.skewMs > 0 ? 'ahead of' : 'behind'} the gateway`;
  const isFar = Math.abs(probe.skewMs) > skewLimitMs;
  const far = {
    meaning: 'Times in records and in the posture are off, and certificates or tokens may seem expired.',
    action: "Set this device's clock by a time server.",
  };
  checks.push(isFar ? notOk('warning', { name: 'clock', says: skew, ...far }) : ok('clock', skew, 'It agrees with the gateway.'));
  return checks;
}

/** Where nothing is dialed the network is not to blame. */
const whyOff = {
  gateway_unset: 'gateway_unset',
  not_enrolled: 'not_enrolled',
  paused: 'paused',
  stopping: 'tunnel_down',
} as const;

export function examineTunnel({ agent }: Pick<Patient, 'agent'>): readonly Check[] {
  if (agent.kind !== 'answered') return [];
  const { tunnel } = agent.value;
  const says = tunnelInWords(tunnel, Date.now());
  if (tunnel.kind === 'connected') return [ok('tunnel', says, 'AI hosts reach the gateway, and it this device, through it.')];
  const code = tunnel.kind === 'refused' ? 'tunnel_refused' : tunnel.kind === 'off' ? whyOff[tunnel.reason] : 'tunnel_down';
  // without it nothing works, whatever the posture makes of a moment without network
  return [{ ...checkOf('tunnel', { code }), outcome: 'wrong', says }];
}

export function examineServers({ agent }: Patient): readonly Check[] {
  if (agent.kind !== 'answered') return [];
  const findings = agent.value.findings.filter(({ code, server }) => server !== undefined && code.startsWith('server_'));
  return agent.value.servers.map((of) => {
    const { server, status, detail, command } = of;
    const finding = findings.find((one) => one.server?.name === server);
    const failure = failureInWords(of, Date.now());
    if (finding === undefined && status === 'ready' && failure !== undefined)
      return notOk('warning', {
        name: 'local server',
        about: server,
        says: failure,
        meaning: 'It is found, and it may run. It is started again with its next call.',
        action: `Run "drawbridge servers log ${server}" for its last lines.`,
      });
    const what = command ? [command.identity, command.version].filter(Boolean).join('@') : (detail ?? '');
    if (finding === undefined && (status === 'ready' || status === 'running'))
      return ok('local server', `${status}: ${what}`, 'It is found, and it may run.', server);
    const code = finding?.code ?? 'server_failing';
    const broken = status === 'unresolved' || status === 'failing';
    return { ...checkOf('local server', finding ?? { code }, server), outcome: broken ? 'wrong' : 'warning' };
  });
}

/** What only the agent knows of a host, for it tried: what it gave up, what it may not touch, what failed. */
const toldByAgent: ReadonlySet<string> = new Set(['rewrite_contended', 'undone_by_user', 'scan_failed', 'edit_refused']);

/** Each config that is there, each host that still works with an old one, and what the agent says of them. */
export function examineHosts(hosts: readonly HostState[], { agent }: Pick<Patient, 'agent'>): readonly Check[] {
  const told = agent.kind === 'answered' ? agent.value.findings.filter(({ code }) => toldByAgent.has(code)) : [];
  const checks = hosts.flatMap(({ id, title, needsRestart, files }) => [
    ...files
      .filter(({ state }) => state !== 'missing')
      .flatMap((file): readonly Check[] => {
        const about = `${title}, ${file.shownAs}`;
        if (file.findings.length > 0) return file.findings.map((finding) => checkOf('host config', finding, about));
        if (file.state !== 'compliant')
          return [{ ...checkOf('host config', { code: 'config_unsupported' }, about), says: file.state }];
        const count = file.servers.length;
        return [ok('host config', `${count} server${count === 1 ? '' : 's'}`, 'Nothing in it passes the gateway by.', about)];
      }),
    ...(needsRestart ? [checkOf('restart', { code: 'needs_restart', host: id }, title)] : []),
  ]);
  const isSaid = (check: Check): boolean => checks.some(({ about, says }) => about === check.about && says === check.says);
  for (const finding of told) {
    const title = hosts.find(({ id }) => id === finding.host)?.title;
    const about = [title, finding.path].filter((part) => part !== undefined).join(', ');
    const check = checkOf('host config', finding, about === '' ? undefined : about);
    if (!isSaid(check)) checks.push(check);
  }
  if (checks.length > 0) return checks;
  return [ok('host config', 'there is none', 'No AI host that Drawbridge knows has a config here.')];
}

export async function examineLauncher({ device: { stateDir }, terminal }: Patient): Promise<readonly Check[]> {
  const isWindows = terminal.around.platform === 'win32';
  const file = isWindows ? `${launcherPath(stateDir)}.cmd` : launcherPath(stateDir);
  const meaning = 'The entries of AI hosts name it: without it they start nothing.';
  try {
    await access(file, constants.X_OK);
    const [program, args] = isWindows ? ['cmd.exe', ['/d', '/s', '/c', `""${file}" --help"`]] : [file, ['--help']];
    await run(program, args, {
      timeout: launchMs,
      env: isWindows ? terminal.around.env : {},
      windowsVerbatimArguments: isWindows,
    });
    return [ok('launcher', file, 'AI hosts can start it, whatever their PATH is.')];
  } catch (error) {
    const says = `${file}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    return [notOk('wrong', { name: 'launcher', says, meaning, action: 'Start the agent: it writes the launcher anew.' })];
  }
}

export async function examinePosture({ device, terminal: { around }, reading }: Patient): Promise<readonly Check[]> {
  const path = reading.profile.PostureStatusPath ?? (await postureFilePath({ ...device, ...around }));
  const file = await readTrustedPosture(path, around.uid);
  const verdict = exitCodeOf(file, Date.now());
  const action = 'Start the agent, or look into its log: it writes the file.';
  const unread = 'What an MDM reads does not say what is true on this device.';
  if (file.kind !== 'read')
    return [
      notOk('wrong', {
        name: 'posture',
        says: file.kind === 'absent' ? `there is no ${path}` : file.reason,
        meaning: unread,
        action,
      }),
    ];
  const { status, generated_at, reasons } = file.status;
  if (verdict === 2)
    return [notOk('wrong', { name: 'posture', says: `${status}, of ${generated_at}: stale`, meaning: unread, action })];
  const says = `${status}, of ${generated_at}`;
  if (verdict === 0)
    return [
      ok('posture', says, `An MDM reads it as compliant, which is said of MCP only. Not seen from here: ${unobservableWords}.`),
    ];
  const [worst] = file.status.findings;
  const code = FindingCode.safeParse(worst?.code);
  const whatToDo = code.success ? findingOf(code.data).action : 'Look at "drawbridge status".';
  return [
    notOk('warning', {
      name: 'posture',
      says: `${says}: ${reasons.join(', ')}`,
      meaning: 'An MDM reads it as not compliant.',
      action: whatToDo,
    }),
  ];
}
