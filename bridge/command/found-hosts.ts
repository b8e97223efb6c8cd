// The AI hosts of a home as commands look at them, and what they are to name: by the profile and, where it leaves that open, by the running agent.
import { hosts as knownHosts } from '#contract/host-table.ts';
import type { HostState } from '#contract/host-report.ts';
import { Fault } from '#contract/error.ts';
import type { Profile } from '#contract/profile.ts';
import { layoutOf } from '../host/layout.ts';
import { discover } from '../host/plan.ts';
import type { PlanRequest } from '../host/plan.ts';
import type { Projects } from '../host/project.ts';
import { neededRestarts, withRestarts } from '../host/restart.ts';
import type { Device } from '../location.ts';
import { hostEnvironment, launcherPath } from '../location.ts';
import { askState } from '../socket/ask.ts';
import { socketPath } from '../socket/path.ts';
import { profileOf } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** What is there now. Nothing is changed. */
export async function foundHosts(device: Device, terminal: Terminal): Promise<readonly HostState[]> {
  const { profile } = await profileOf(device, terminal.around);
  const ours = await aimOf(device, terminal).catch(() => undefined);
  const { stateDir } = device;
  const around = { ...surroundings(device, terminal), stateDir, hosts: knownHosts, projects: projectsOf(profile) };
  const launcher = launcherPath(stateDir);
  const found = await discover(ours ? { ...around, ours: { launcher, ...ours } } : around);
  return withRestarts(found, await neededRestarts(around));
}

export function projectsOf({ ProjectScanRoots: roots, ProjectConfigMode: mode }: Profile): Projects {
  return { roots, mode };
}

/** Which gateway the entries are to name, the profile's or else the one that the running agent knows, and how: whether hosts can sign in only the agent knows. */
export async function aimOf(
  device: Device,
  { around }: Terminal,
): Promise<Pick<PlanRequest, 'gatewayOrigin' | 'gateway' | 'layout'>> {
  const { profile } = await profileOf(device, around);
  const { GatewayURL: gatewayOrigin, GatewaySlug } = profile;
  if (gatewayOrigin === undefined)
    throw new Fault('SETTING_INVALID', { setting: 'GatewayURL', reason: 'the profile does not set it.' });
  const asked = await askState(socketPath(device.stateDir, around.platform, around.uid), around.uid);
  const agent = asked.kind === 'answered' ? asked.value : undefined;
  const gateway = GatewaySlug ?? agent?.gateway;
  if (gateway === undefined)
    throw new Fault('SETTING_INVALID', {
      setting: 'GatewaySlug',
      reason: 'the profile does not set it, and no running agent knows which gateway is granted.',
    });
  return { gatewayOrigin, gateway, layout: layoutOf(profile, agent?.hostsSignIn) };
}

export function surroundings({ home, ownHome }: Device, { around }: Terminal): Pick<PlanRequest, 'home' | 'platform' | 'env'> {
  return { home, platform: around.platform, env: hostEnvironment(home, ownHome, around.env) };
}
