// This device and its tunnel: enrolls where a token waits, dials where it is enrolled, and dials anew where the profile names another gateway.
// Rule: a token is spent once and its file emptied; a device key is used for the gateway it was made for and for no other.
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { AgentTunnel } from '#contract/agent.ts';
import { asFault, Fault } from '#contract/error.ts';
import type { Finding } from '#contract/finding.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { Profile } from '#contract/profile.ts';
import type { RecentCall } from '#contract/recent-call.ts';
import { Secret } from '#contract/secret.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import { readPlainText } from './plain-file.ts';
import { enroll, loadDevice } from './device/enroll.ts';
import type { DeviceIdentity } from './device/enroll.ts';
import type { SecretStore } from './device/keychain.ts';
import type { Reports } from './reports.ts';
import type { Pool } from './server/pool.ts';
import { dial } from './tunnel/dial.ts';
import type { Tunnel } from './tunnel/dial.ts';

export interface UplinkDeps {
  readonly stateDir: string;
  readonly secretStore: SecretStore;
  readonly osUser: string;
  readonly hostname: string;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly product: string;
  readonly pool: Pool;
  readonly offers: () => readonly Offer[] | undefined;
  /** What the gateway that is dialed says; nothing, where another one is dialed or none: one gateway's approvals count for no other. */
  readonly onVerdicts: (verdicts: readonly Verdict[] | undefined) => void;
  readonly onTunnel: (tunnel: AgentTunnel) => void;
  /** Calls of the user, as the gateway recorded them. */
  readonly onCalls: (calls: readonly RecentCall[]) => void;
  /** What the gateway is to be told. */
  readonly reports: Pick<Reports, 'pending' | 'noted' | 'told'>;
  readonly posture?: () => PostureSummary | undefined;
  /** The user paused: the device is known, nothing is dialed. */
  readonly isPaused: () => boolean;
  readonly now: () => number;
  readonly logger: Logger;
}

const reportWithinMs = 1_000;

export interface Uplink {
  /** The identity, where it is enrolled with the gateway that the profile names. */
  readonly device: DeviceIdentity | undefined;
  readonly tunnel: Tunnel | undefined;
  /** Makes it so as the profile says, and resolves when the enrollment is decided; the tunnel comes later. Returns what is wrong. */
  follow(profile: Profile): Promise<readonly Finding[]>;
  /** Enrolls by this token, at the gateway that the profile names, and follows the profile. Rejects as enroll() does, with SETTING_INVALID where it names none. */
  enroll(profile: Profile, token: Secret<string>): Promise<DeviceIdentity>;
  /** Drops the connection there is and dials anew; nothing where nothing is to be dialed. */
  wake(): void;
  close(): Promise<void>;
}

export function createUplink(deps: UplinkDeps): Uplink {
  let device: DeviceIdentity | undefined;
  let tunnel: Tunnel | undefined;
  /** What was dialed, or why nothing was. */
  let dialed = '';
  let isClosed = false;
  let queue: Promise<unknown> = Promise.resolve();

  const off = async (reason: 'gateway_unset' | 'not_enrolled' | 'paused', known?: DeviceIdentity): Promise<void> => {
    const old = tunnel;
    tunnel = undefined;
    device = known;
    const isNews = dialed !== reason;
    dialed = reason;
    if (isNews) {
      deps.onVerdicts(undefined);
      deps.onTunnel({ kind: 'off', since: deps.now(), reason });
    }
    await old?.close();
  };

  async function follow(profile: Profile): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const { GatewayURL: gatewayOrigin } = profile;
    if (gatewayOrigin === undefined) {
      await off('gateway_unset');
      return [{ code: 'gateway_unset' }];
    }
    const ca = await readCertificates(profile.CACertificateFile, findings);
    const found = await identify(gatewayOrigin, profile, ca, findings);
    if (isClosed) return findings;
    if (!found) {
      await off('not_enrolled');
      return findings;
    }
    if (deps.isPaused()) {
      // the pause itself is to be on record before the way there is closed
      if (tunnel?.state.kind === 'connected') await deps.reports.told(reportWithinMs);
      await off('paused', found);
      return findings;
    }
    const wanted = JSON.stringify([gatewayOrigin, found.workstation, ca]);
    if (wanted === dialed) return findings;
    const old = tunnel;
    dialed = wanted;
    device = found;
    tunnel = undefined;
    // at once: a gateway that keeps its verdicts back must not profit from those of the one before
    deps.onVerdicts(undefined);
    await old?.close();
    if (isClosed) return findings;
    try {
      const own: Tunnel = dial({
        gatewayOrigin,
        device: found,
        pool: deps.pool,
        offers: deps.offers,
        onVerdicts: (said) => dialed === wanted && deps.onVerdicts(said),
        onCalls: (calls) => dialed === wanted && deps.onCalls(calls),
        reports: () => deps.reports.pending,
        ...(deps.posture ? { posture: deps.posture } : {}),
        onNoted: (ids) => deps.reports.noted(ids),
        onState: (state) => dialed === wanted && deps.onTunnel(state),
        ca,
        logger: deps.logger,
        random: Math.random,
        product: deps.product,
      });
      tunnel = own;
      deps.onTunnel(own.state);
    } catch (error) {
      const { message } = asFault(error, 'dial');
      deps.logger.error({ err: error }, 'tunnel not dialed');
      findings.push({ code: 'gateway_unset', setting: 'GatewayURL', detail: message.slice(0, 500) });
    }
    return findings;
  }

  async function identify(
    gatewayOrigin: string,
    profile: Profile,
    ca: string | undefined,
    findings: Finding[],
  ): Promise<DeviceIdentity | undefined> {
    const loaded = await loadDevice(deps).catch((error: unknown) => {
      findings.push({ code: 'not_enrolled', detail: asFault(error, 'device').message.slice(0, 500) });
      return undefined;
    });
    if (loaded?.gatewayOrigin === gatewayOrigin) return loaded;
    const spent = await spend(profile.EnrollmentTokenFile, gatewayOrigin, ca, findings);
    if (spent) return spent;
    if (loaded) findings.push({ code: 'not_enrolled', detail: `it is enrolled with ${loaded.gatewayOrigin}` });
    else if (!findings.some(({ code }) => code === 'not_enrolled')) findings.push({ code: 'not_enrolled' });
    return undefined;
  }

  /** Enrolls by the token of the profile, where one waits. */
  async function spend(
    file: string | undefined,
    gatewayOrigin: string,
    ca: string | undefined,
    findings: Finding[],
  ): Promise<DeviceIdentity | undefined> {
    if (file === undefined) return undefined;
    const token = await readToken(file, deps.platform);
    if (token === undefined) return undefined;
    if (typeof token === 'string') {
      findings.push({ code: 'enrollment_failed', path: file, detail: token });
      return undefined;
    }
    const notes: string[] = [];
    try {
      const enrolled = await enroll({ ...deps, gatewayOrigin, token, ca, note: (words) => notes.push(words) });
      deps.logger.info({ workstation: enrolled.workstation, ...(notes.length > 0 ? { notes } : {}) }, 'workstation enrolled');
      await emptyFile(file).catch((error: unknown) => deps.logger.warn({ err: error }, 'enrollment token file not emptied'));
      return enrolled;
    } catch (error) {
      const fault = asFault(error, 'enroll');
      deps.logger.warn({ code: fault.code, ...(fault.code === 'INTERNAL' ? { err: error } : {}) }, 'enrollment failed');
      findings.push({ code: 'enrollment_failed', path: file, detail: [fault.message, ...notes].join(' ').slice(0, 500) });
      return undefined;
    }
  }

  return {
    get device() {
      return device;
    },
    get tunnel() {
      return tunnel;
    },
    follow(profile) {
      const followed = queue.then(() => (isClosed ? [] : follow(profile)));
      queue = followed.catch(() => undefined);
      return followed;
    },
    enroll(profile, token) {
      const enrolled = queue.then(async () => {
        const { GatewayURL: gatewayOrigin } = profile;
        if (isClosed) throw new Fault('STOPPING');
        if (gatewayOrigin === undefined)
          throw new Fault('SETTING_INVALID', { setting: 'GatewayURL', reason: 'the profile does not set it.' });
        const ca = await readCertificates(profile.CACertificateFile, []);
        const made = await enroll({
          ...deps,
          gatewayOrigin,
          token,
          ca,
          note: (words) => deps.logger.warn({ words }, 'enrollment'),
        });
        deps.logger.info({ workstation: made.workstation }, 'workstation enrolled');
        // what was dialed with the key before is over, also at the same gateway
        dialed = '';
        await follow(profile);
        return made;
      });
      queue = enrolled.catch(() => undefined);
      return enrolled;
    },
    wake: () => tunnel?.wake(),
    async close() {
      isClosed = true;
      await tunnel?.close();
    },
  };
}

async function readCertificates(file: string | undefined, findings: Finding[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readPlainText(file).catch(() => undefined);
  if (text?.includes('-----BEGIN CERTIFICATE-----') === true) return text;
  findings.push({ code: 'profile_invalid', setting: 'CACertificateFile', detail: 'there is no PEM file with certificates' });
  return undefined;
}

/** The token; in words, why a file that is there is not taken; undefined where none waits. */
async function readToken(file: string, platform: UplinkDeps['platform']): Promise<Secret<string> | string | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // another user's of this machine: that one's agent spends it
    const stat = await lstat(file).catch(() => undefined);
    if (code === 'EACCES' && stat?.isFile() === true && stat.uid !== 0) return undefined;
    return `the token file can't be read (${code}): make it the user's own, mode 0600`;
  }
  try {
    const stat = await handle.stat();
    if (stat.size === 0 && stat.isFile()) return undefined;
    if (!stat.isFile() || stat.size > 4096) return 'the token file is no plain file of up to 4096 bytes';
    if (platform !== 'win32' && (stat.mode & 0o077) !== 0) return 'others can read the token file: make it 0600';
    const text = (await handle.readFile('utf8')).trim();
    return text === '' ? undefined : new Secret(text);
  } finally {
    await handle.close();
  }
}

async function emptyFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits for a tunnel that is on its way; says at once why there will be none. */
export function refusalOf(tunnel: AgentTunnel): Fault | undefined {
  switch (tunnel.kind) {
    case 'off':
      return new Fault('GATEWAY_UNREACHABLE', { reason: offWords[tunnel.reason] });
    case 'refused':
      return new Fault('GATEWAY_UNREACHABLE', { reason: tunnel.message });
    default:
      return undefined;
  }
}

const offWords = {
  gateway_unset: 'its profile names no gateway',
  not_enrolled: 'it is not enrolled: run "drawbridge enroll"',
  paused: 'it is paused',
  stopping: 'Drawbridge is stopping',
} as const;
