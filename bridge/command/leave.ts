// `drawbridge leave`: what uninstalling does for one user. The agent ends, the AI hosts get their configs back, and with --forget nothing of Drawbridge stays.
// Rule: nothing is forgotten while a config still needs it: what was taken from a host exists only in our state.
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hosts as knownHosts } from '#contract/host-table.ts';
import { forgetDevice } from '../device/enroll.ts';
import { openSecretStore } from '../device/keychain.ts';
import { forgetSealer, openSealer } from '../device/sealer.ts';
import { restore } from '../host/restore.ts';
import { deviceOf, secretService } from '../location.ts';
import { postureFilePath } from '../posture/status-file.ts';
import { lock } from '../lock.ts';
import type { Lock } from '../lock.ts';
import { openPrivateDirectory } from '../socket/directory.ts';
import type { Device } from '../location.ts';
import { homeOption, stateOption } from './terminal.ts';
import type { AddCommands, Common, Terminal } from './terminal.ts';

interface Flags extends Common {
  readonly forget?: boolean;
}

const stopWithinMs = 10_000;

export const addLeave: AddCommands = (program, terminal) => {
  program
    .command('leave')
    .description('Ends the agent and gives the AI hosts their configs back. Before Drawbridge is uninstalled.')
    .option('--forget', "also remove this device's keys, its enrollment and all state")
    .addOption(stateOption())
    .addOption(homeOption())
    .action(async (_: unknown, command: { optsWithGlobals(): Flags }) => {
      const flags = command.optsWithGlobals();
      await leave(deviceOf(flags, terminal.around), flags.forget === true, terminal);
    });
};

async function leave(device: Device, isForgotten: boolean, terminal: Terminal): Promise<void> {
  const { stateDir, home } = device;
  const { around } = terminal;
  if ((await lstat(stateDir).catch(() => undefined)) === undefined) {
    terminal.print('There is no state of Drawbridge here.');
    return;
  }
  await openPrivateDirectory(stateDir, around.uid);
  const held = await endAgent(stateDir, around.pid);
  try {
    const secretStore = await openSecretStore({ stateDir, service: secretService(stateDir) });
    const { files } = await restore({ home, stateDir, hosts: knownHosts, sealer: await openSealer(secretStore) });
    for (const { shownAs, result, findings } of files)
      terminal.print([shownAs, result, ...findings.map(({ detail }) => detail ?? '')].join(' '));
    if (files.some(({ result }) => result === 'refused')) {
      terminal.note(
        'drawbridge: not every config could be given back, so everything that this needs was kept. Run "drawbridge leave" again.',
      );
      terminal.exitWith(1);
      return;
    }
    if (!isForgotten) return;
    await forgetDevice({ stateDir, secretStore });
    await forgetSealer(secretStore);
    const posture = await postureFilePath({ ...device, platform: around.platform, uid: around.uid });
    await rm(posture, { force: true });
    await rm(stateDir, { recursive: true, force: true });
    terminal.print('Keys, enrollment and state were removed.');
  } finally {
    await held.release();
  }
}

/** Asks the running agent to end and takes its place, so that no other one starts meanwhile. */
async function endAgent(stateDir: string, pid: number): Promise<Extract<Lock, { kind: 'held' }>> {
  const file = join(stateDir, 'agent.lock');
  const deadline = performance.now() + stopWithinMs;
  for (;;) {
    const taken = await lock(file, pid);
    if (taken.kind === 'held') return taken;
    if (performance.now() > deadline)
      throw new Error(`the agent (process ${taken.pid}) did not end within ${stopWithinMs / 1000} s: end it and try again`);
    end(taken.pid);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it ended by itself: the lock says so at the next look
  }
}
