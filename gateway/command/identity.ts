// `identity`: as whom remote servers are called. Values go in and never come out again.
import { Fault } from '#contract/error.ts';
import { listIdentities, removeIdentity, setIdentity } from '../admin/identity.ts';
import { identityTable } from '../admin/print.ts';
import { openKeys } from '../vault/open.ts';
import { rotateKeys } from '../vault/rotate.ts';
import { readSecret } from './secret-input.ts';
import { command, existingData, withStore, type AddCommands, type Common } from './terminal.ts';

interface SetFlags extends Common {
  readonly server: string;
  readonly user?: string;
  readonly shared?: boolean;
  readonly gateway?: string;
}

export const addIdentity: AddCommands = (program, terminal) => {
  const { print, note } = terminal;
  const identity = program.command('identity').description('As whom remote servers are called.');
  command(identity, 'set', 'Sets an identity to the token that comes on standard input.')
    .requiredOption('--server <slug>', 'the remote server')
    .option('--user <slug>', 'whose own identity')
    .option('--shared', 'the one that all callers share')
    .option('--gateway <slug>', 'for this gateway only')
    .action(async (flags: SetFlags) => {
      const { server, user, gateway } = flags;
      if ((user === undefined) === (flags.shared !== true))
        throw new Fault('SETTING_INVALID', { setting: '--user', reason: 'give either --user SLUG or --shared.' });
      existingData(terminal, flags);
      const value = await readSecret(terminal.input, () => note(`Token for ${server} (it is not shown):`));
      const { identity: set, warnings } = await withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
        setIdentity({ store, ...openKeys(dataDir, vaultKeys), server, user, gateway, value, now: Date.now() }),
      );
      for (const warning of warnings) note(`warning: ${warning}`);
      const beside = warnings.length === 0 ? {} : { note: warnings.join(' ') };
      print(flags.json ? JSON.stringify({ ...set, ...beside }) : `${set.id} set for ${set.origin}`);
    });
  command(identity, 'list', 'Lists the identities; never their values.').action(async (flags: Common) => {
    const all = await withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
      listIdentities({ store, ...openKeys(dataDir, vaultKeys) }),
    );
    print(flags.json ? JSON.stringify(all) : identityTable(all));
  });
  command(identity, 'remove <id>', 'Removes an identity; calls that need it are refused within a second.').action(
    async (id: string, flags: Common) => {
      const isRemoved = await withStore(terminal, flags, (store) => removeIdentity({ store, id, now: Date.now() }));
      print(
        flags.json ? JSON.stringify({ id, removed: isRemoved }) : `${id} ${isRemoved ? 'removed' : 'was not there any more'}`,
      );
    },
  );
  command(identity, 'rotate-key', 'Makes a new key for the vault, and drops the old one when nothing needs it any more.').action(
    async (flags: Common) => {
      const rotated = await withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
        rotateKeys(openKeys(dataDir, vaultKeys), store),
      );
      const { kid, rewrapped, unreadable } = rotated;
      for (const id of unreadable) note(`warning: ${id} can't be read, before as after: set it again.`);
      print(flags.json ? JSON.stringify(rotated) : `the key is ${kid} now; ${rewrapped} identities were sealed with it`);
    },
  );
};
