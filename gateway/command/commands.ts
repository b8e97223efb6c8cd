// Which file adds which commands. The rule: a start loads the file of the command that it is asked for, and all of them only where it is asked what there is.
import type { AddCommands } from './terminal.ts';

type Load = () => Promise<AddCommands>;

const loadPolicy: Load = async () => (await import('./policy.ts')).addPolicy;
const loadBackup: Load = async () => (await import('./backup.ts')).addBackup;

/** By the first word of each command, in the order in which they are shown. */
const commands: ReadonlyMap<string, Load> = new Map([
  ['apply', loadPolicy],
  ['export', loadPolicy],
  ['token', async () => (await import('./token.ts')).addToken],
  ['workstation', async () => (await import('./workstation.ts')).addWorkstation],
  ['server', async () => (await import('./server.ts')).addServer],
  ['identity', async () => (await import('./identity.ts')).addIdentity],
  ['audit', async () => (await import('./audit.ts')).addAudit],
  ['backup', loadBackup],
  ['restore', loadBackup],
  ['connection', async () => (await import('./connection.ts')).addConnection],
  ['account', async () => (await import('./account.ts')).addAccount],
  ['egress', async () => (await import('./egress.ts')).addEgress],
  ['host', async () => (await import('./host.ts')).addHost],
  ['person', async () => (await import('./person.ts')).addPerson],
  ['sink', async () => (await import('./sink.ts')).addSink],
  ['alert', async () => (await import('./alert.ts')).addAlert],
  ['access-token', async () => (await import('./access-token.ts')).addAccessToken],
  ['rollout', async () => (await import('./rollout.ts')).addRollout],
  ['rule', async () => (await import('./rule.ts')).addRule],
  ['directory', async () => (await import('./directory.ts')).addDirectory],
  ['switch', async () => (await import('./switch.ts')).addSwitch],
  ['offboard', async () => (await import('./offboard.ts')).addOffboard],
  ['pin', async () => (await import('./pin.ts')).addPin],
  ['engine', async () => (await import('./engine.ts')).addEngine],
  ['preview', async () => (await import('./preview.ts')).addPreview],
]);

/** What adds the command that begins with this word; where there is none, what adds all of them: the words of help and of a misspelled one name others. */
export async function commandsOf(word: string | undefined): Promise<readonly AddCommands[]> {
  const load = word === undefined ? undefined : commands.get(word);
  return Promise.all([...new Set(load ? [load] : commands.values())].map((one) => one()));
}
