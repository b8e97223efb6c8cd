// Which file adds which commands. The rule: a start loads the file of the command that it is asked for, and all of them only where it is asked what there is.
import type { AddCommands } from './terminal.ts';

type Load = () => Promise<AddCommands>;

const loadLook: Load = async () => (await import('./look.ts')).addLook;
const loadControl: Load = async () => (await import('./control.ts')).addControl;

/** By the first word of each command, in the order in which they are shown. */
const commands: ReadonlyMap<string, Load> = new Map([
  ['agent', async () => (await import('./agent.ts')).addAgent],
  ['enroll', async () => (await import('./enroll.ts')).addEnroll],
  ['status', loadLook],
  ['posture', loadLook],
  ['profile', loadLook],
  ['pause', loadControl],
  ['resume', loadControl],
  ['reconnect', loadControl],
  ['diagnostics', loadControl],
  ['servers', loadControl],
  ['hosts', async () => (await import('./host.ts')).addHosts],
  ['doctor', async () => (await import('./doctor.ts')).addDoctor],
  ['leave', async () => (await import('./leave.ts')).addLeave],
]);

/** What adds the command that these arguments begin with, after `--state`; where there is none, what adds all of them: the words of help and of a misspelled one name others. */
export async function commandsOf(args: readonly string[]): Promise<readonly AddCommands[]> {
  const [first, ...rest] = args;
  if (first === '--state') return commandsOf(rest.slice(1));
  if (first?.startsWith('--state=') === true) return commandsOf(rest);
  const load = first === undefined ? undefined : commands.get(first);
  return Promise.all([...new Set(load ? [load] : commands.values())].map((one) => one()));
}
