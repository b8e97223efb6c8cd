// `drawbridge hosts …`: what the AI hosts of this home are wired to, and changing it by hand. Works beside a running agent, under one lock, and tells it afterwards.
import { hosts as knownHosts } from '#contract/host-table.ts';
import type { HostState } from '#contract/host-report.ts';
import { Fault } from '#contract/error.ts';
import type { Sealer } from '#contract/secret.ts';
import { openSecretStore } from '../device/keychain.ts';
import { openSealer } from '../device/sealer.ts';
import { converge } from '../host/converge.ts';
import { readLedger } from '../host/ledger.ts';
import { plan } from '../host/plan.ts';
import type { PlanRequest } from '../host/plan.ts';
import { restore } from '../host/restore.ts';
import { removeUndone } from '../host/undone.ts';
import { writeLauncher } from '../launcher.ts';
import { deviceOf, launcherPath, secretService } from '../location.ts';
import { askCommand, askState } from '../socket/ask.ts';
import { openPrivateDirectory } from '../socket/directory.ts';
import { socketPath } from '../socket/path.ts';
import type { Device } from '../location.ts';
import { examine } from './doctor.ts';
import { aimOf, foundHosts, projectsOf, surroundings } from './found-hosts.ts';
import { homeOption, jsonOption, profileOf, profileOption, stateOption } from './terminal.ts';
import type { AddCommands, Common, Terminal } from './terminal.ts';
import { addHostControl } from './control.ts';
import { planInWords, restoreInWords, table } from './words.ts';

export const addHosts: AddCommands = (program, terminal) => {
  const hosts = program.command('hosts').description('The AI hosts of this home: what they are wired to, and changing it.');
  const add = (name: string, description: string, run: (flags: Common, device: Device) => Promise<string>): void => {
    const command = hosts.command(name).description(description);
    for (const option of [stateOption(), homeOption(), profileOption(), jsonOption()]) command.addOption(option);
    command.action(async (_: unknown, self: { optsWithGlobals(): Common }) => {
      const flags = self.optsWithGlobals();
      terminal.print((await run(flags, deviceOf(flags, terminal.around))).trimEnd());
    });
  };
  add('list', 'Shows the hosts, their config files and what stands in them.', async (flags, device) => {
    const found = await foundHosts(device, terminal);
    return flags.json === true ? JSON.stringify(found) : listInWords(found, device.home);
  });
  add('doctor', 'Checks what the AI hosts need: each check, what it found, what that means and what to do.', (flags, device) =>
    examine(flags, device, terminal, 'hosts'),
  );
  add('plan', 'Shows what "converge" would change, and changes nothing.', async (flags, device) => {
    const request = await requestOf(device, terminal);
    // Only what was changed already needs the key, so nothing is made where there is none yet.
    const isChanged = (await readLedger(device.stateDir)).files.length > 0;
    const made = await plan(isChanged ? { ...request, sealer: await sealerOf(device, terminal) } : request);
    return flags.json === true ? JSON.stringify(made) : planInWords(made, 'would be');
  });
  add('converge', 'Makes the hosts name only the gateway; their local servers move behind the bridge.', async (flags, device) => {
    const request = await requestOf(device, terminal);
    // whoever asks for all of them takes back what was undone
    await removeUndone(device.stateDir);
    await writeLauncher({ ...terminal.around, stateDir: device.stateDir });
    const report = await converge({ ...request, sealer: await sealerOf(device, terminal), now: Date.now, isAsked: true });
    await poke(device, terminal);
    const left = report.files.filter(({ state }) => state !== 'compliant' && state !== 'missing').length;
    if (left > 0)
      failed(terminal, `${left} of the configs could not be set right. "drawbridge hosts doctor" says why and what to do.`);
    return flags.json === true ? JSON.stringify(report) : planInWords(report, 'was');
  });
  add('restore', 'Puts the configs back as they were before the first change.', async (flags, device) => {
    await refuseUnderEnforcement(device, terminal);
    const { home, stateDir } = device;
    const report = await restore({ home, stateDir, hosts: knownHosts, sealer: await sealerOf(device, terminal) });
    await poke(device, terminal);
    const left = report.files.filter(({ result }) => result === 'refused').length;
    if (left > 0)
      failed(
        terminal,
        `${left} of the configs could not be put back. What they need was kept: mend what is said of them, and run it again.`,
      );
    return flags.json === true ? JSON.stringify(report) : restoreInWords(report);
  });
  addHostControl(hosts, terminal);
};

/** Something was done and something was not: what, stands in the report. */
function failed(terminal: Terminal, says: string): void {
  terminal.note(`drawbridge: ${says}`);
  terminal.exitWith(1);
}

async function requestOf(device: Device, terminal: Terminal): Promise<PlanRequest> {
  const { profile } = await profileOf(device, terminal.around);
  return {
    ...surroundings(device, terminal),
    ...(await aimOf(device, terminal)),
    stateDir: device.stateDir,
    hosts: knownHosts,
    managedHosts: profile.ManagedHosts,
    projects: projectsOf(profile),
    launcher: launcherPath(device.stateDir),
  };
}

async function sealerOf({ stateDir }: Device, { around }: Terminal): Promise<Sealer> {
  await openPrivateDirectory(stateDir, around.uid);
  return openSealer(await openSecretStore({ stateDir, service: secretService(stateDir) }));
}

/** An agent that enforces would take back at once what was restored. */
async function refuseUnderEnforcement({ stateDir }: Device, { around }: Terminal): Promise<void> {
  const asked = await askState(socketPath(stateDir, around.platform, around.uid), around.uid);
  if (asked.kind !== 'answered' || asked.value.profile.mode !== 'enforce') return;
  throw new Fault('AGENT_ENFORCES', { pid: asked.value.pid });
}

async function poke({ stateDir }: Device, { around }: Terminal): Promise<void> {
  await askCommand(socketPath(stateDir, around.platform, around.uid), around.uid, { name: 'reload' });
}

function listInWords(found: readonly HostState[], home: string): string {
  const rows = found.flatMap(({ title, isInstalled, needsRestart, files }) => {
    const there = files.filter(({ state }) => state !== 'missing');
    const restart = needsRestart ? ', needs a restart' : '';
    if (there.length === 0) return [[title, isInstalled ? 'no config' : 'not installed', '', '']];
    return there.map((file) => [title, file.state + restart, file.scope, `${file.shownAs}: ${serversInWords(file.servers)}`]);
  });
  return rows.length === 0 ? `No AI host in ${home} is known.` : table(['HOST', 'STATE', 'SCOPE', 'CONFIG'], rows);
}

function serversInWords(servers: HostState['files'][number]['servers']): string {
  const words = servers.map(({ name, kind, project }) => `${name} (${kind}${project === undefined ? '' : `, in ${project}`})`);
  return words.join(', ') || 'no servers';
}
