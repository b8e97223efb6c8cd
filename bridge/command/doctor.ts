// `drawbridge doctor` and `drawbridge hosts doctor`: every check by its name, what it found, what that means and what to do. Exit code: 0 where nothing is
// wrong, 1 otherwise. It changes nothing.
import { stat } from 'node:fs/promises';
import { askState } from '../socket/ask.ts';
import { socketPath } from '../socket/path.ts';
import type { Device } from '../location.ts';
import { deviceOf } from '../location.ts';
import type { Check } from './check.ts';
import { checksInWords } from './check.ts';
import {
  examineAgent,
  examineEnrollment,
  examineGateway,
  examineHosts,
  examineLauncher,
  examinePosture,
  examineProfile,
  examineSecretStore,
  examineServers,
  examineTunnel,
} from './examine.ts';
import type { Patient } from './examine.ts';
import { foundHosts } from './found-hosts.ts';
import { homeOption, jsonOption, profileOf, profileOption, stateOption } from './terminal.ts';
import type { AddCommands, Common, Terminal } from './terminal.ts';

export const addDoctor: AddCommands = (program, terminal) => {
  const command = program
    .command('doctor')
    .description(
      'Checks everything that Drawbridge needs: what each check found, what that means and what to do. Exit code 1 where something is wrong.',
    );
  for (const option of [stateOption(), homeOption(), profileOption(), jsonOption()]) command.addOption(option);
  command.action(async (_: unknown, self: { optsWithGlobals(): Common }) => {
    const flags = self.optsWithGlobals();
    terminal.print(await examine(flags, deviceOf(flags, terminal.around), terminal, 'all'));
  });
};

/** Runs the checks and returns what to print. */
export async function examine(flags: Common, device: Device, terminal: Terminal, what: 'all' | 'hosts'): Promise<string> {
  const checks = await examined(device, terminal, what);
  const isWell = checks.every(({ outcome }) => outcome !== 'wrong');
  if (!isWell) terminal.exitWith(1);
  return flags.json === true ? JSON.stringify({ ok: isWell, checks }) : checksInWords(checks);
}

async function examined(device: Device, terminal: Terminal, what: 'all' | 'hosts'): Promise<readonly Check[]> {
  const { around } = terminal;
  const reading = await profileOf(device, around);
  const agent = await askState(socketPath(device.stateDir, around.platform, around.uid), around.uid);
  const patient: Patient = { device, terminal, reading, agent };
  const hosts = async (): Promise<readonly Check[]> => {
    if (!(await stat(device.home)).isDirectory()) throw new Error(`${device.home} is no folder`);
    return examineHosts(await foundHosts(device, terminal), patient);
  };
  const all = [
    ['profile', examineProfile],
    ['agent', examineAgent],
    ['secret store', examineSecretStore],
    ['enrollment', examineEnrollment],
    ['gateway', examineGateway],
    ['tunnel', examineTunnel],
    ['launcher', examineLauncher],
    ['host config', hosts],
    ['local server', examineServers],
    ['posture', examinePosture],
  ] as const;
  const ofHosts = ['profile', 'agent', 'launcher', 'host config', 'local server'];
  const checks: Check[] = [];
  for (const [name, look] of all)
    if (what === 'all' || ofHosts.includes(name)) checks.push(...(await attempt(name, () => look(patient))));
  return checks;
}

/** What can't be looked at is wrong, and no reason to leave out the rest. */
async function attempt(name: string, look: () => readonly Check[] | Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return [
      { name, outcome: 'wrong', says, meaning: 'This could not be looked at.', action: 'Mend what is said here, and ask again.' },
    ];
  }
}
