// `identity`: as whom remote servers are called. Values go in and never come out again.
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { doing } from '../admin/context.ts';
import { parseDuration } from '../admin/duration.ts';
import {
  clientPlace,
  linkIdentity,
  listIdentities,
  removableIdentity,
  removing,
  setClientSecret,
  setIdentity,
} from '../admin/identity.ts';
import { identityTable } from '../admin/print.ts';
import { removeAndRevoke } from '../identity/removal.ts';
import { makeLink } from '../identity/shared-link.ts';
import { openKeys } from '../vault/open.ts';
import { rotateKeys } from '../vault/rotate.ts';
import { readSecret } from './secret-input.ts';
import { withSignIns } from './sign-ins.ts';
import { command, deedCommand, existingData, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

interface SetFlags extends Common {
  readonly server: string;
  readonly user?: string;
  readonly shared?: boolean;
  readonly gateway?: string;
}

export const addIdentity: AddCommands = (program, terminal) => {
  const { print, note } = terminal;
  const identity = program.command('identity').description('As whom remote servers are called.');
  deedCommand(identity, 'set', 'Sets an identity to the token that comes on standard input.')
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
      const { identity: set, warnings } = await withAdmin(terminal, flags, (acting, { dataDir, vaultKeys }) =>
        setIdentity({ ...acting, ...openKeys(dataDir, vaultKeys), server, user, gateway, value, now: Date.now() }),
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
  deedCommand(identity, 'remove <id>', 'Removes an identity; calls that need it are refused within a second.')
    .option('--egress <file>', 'the ways out of `serve`, where its server has one of them')
    .action(async (id: string, flags: Common & { egress?: string }) => {
      const removal = await withSignIns(terminal, flags, 'https://unknown.invalid', async (parts, acting) => {
        const known = await removableIdentity(parts.store, id);
        return removeAndRevoke({ ...parts, store: await removing(acting, known, Date.now()) }, known);
      });
      const said =
        removal === undefined
          ? 'was not there any more'
          : removal === 'revoked'
            ? 'removed, and given back at its server'
            : 'removed';
      print(
        flags.json ? JSON.stringify({ id, removed: removal !== undefined, revoked: removal === 'revoked' }) : `${id} ${said}`,
      );
      if (removal === 'kept') note('warning: its tokens were not given back at its server, and end there by themselves.');
    });
  deedCommand(identity, 'link', 'Makes a one-time link behind which somebody signs in at a server for everybody; printed once.')
    .requiredOption('--server <slug>', 'the remote server')
    .requiredOption('--shared', 'for the identity that all callers share')
    .option('--gateway <slug>', 'for this gateway only')
    .option('--ttl <duration>', 'how long it counts', '15m')
    .action(async (flags: Common & { server: string; gateway?: string; ttl: string }) => {
      const now = Date.now();
      const expiresAt = now + parseDuration(flags.ttl, '--ttl');
      const { server, gateway } = flags;
      const { path } = await withAdmin(terminal, flags, (acting) =>
        linkIdentity({ ...acting, server, gateway, now, expiresAt, link: makeLink }),
      );
      if (flags.json) return print(JSON.stringify({ path, expiresAt }));
      note(`Shown once. Open it at the public address of this gateway until ${new Date(expiresAt).toISOString()}.`);
      print(path);
    });
  deedCommand(
    identity,
    'client',
    "Sets the secret of a server's oauth.clientId, as its authorization server gave it, on standard input.",
  )
    .requiredOption('--server <slug>', 'the remote server')
    .action(async (flags: Common & { server: string }) => {
      existingData(terminal, flags);
      const value = await readSecret(terminal.input, () => note(`Client secret for ${flags.server} (it is not shown):`));
      const issuer = await withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
        const place = clientPlace(await acting.store.policy(), flags.server);
        await setClientSecret({ ...acting, ...openKeys(dataDir, vaultKeys), ...place, value, now: Date.now() });
        return place.place.origin;
      });
      print(flags.json ? JSON.stringify({ server: flags.server, issuer }) : `set for ${issuer}`);
    });
  deedCommand(
    identity,
    'rotate-key',
    'Makes a new key for the vault, and drops the old one when nothing needs it any more.',
  ).action(async (flags: Common) => {
    const rotated = await withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
      const store = doing(acting, Date.now(), { operation: 'identities.rotate-key', target: null, before: null, after: null });
      await store.administration.noteDeed();
      return rotateKeys(openKeys(dataDir, vaultKeys), store);
    });
    const { kid, rewrapped, unreadable } = rotated;
    for (const id of unreadable) {
      const what = id.startsWith('payload-key/') ? 'put the key back that it is sealed with' : 'set it again';
      note(`warning: ${id} can't be read, before as after: ${what}.`);
    }
    print(
      flags.json
        ? JSON.stringify(rotated)
        : `the key is ${kid} now; ${counted(rewrapped, 'value was', 'values were')} sealed with it`,
    );
  });
};
