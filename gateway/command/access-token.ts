// `access-token`: personal access tokens, by which people and their programs use the admin API. A secret is printed once, when it is made.
import { Capability } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { reveal } from '#contract/secret.ts';
import { issueAccessToken, revokeAccessToken, shownAccessToken } from '../admin/access-token.ts';
import { accessTokenTable } from '../admin/print.ts';
import { asOwner, ownOrigin, tokenVariable } from './own-token.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

interface CreateFlags extends Common {
  readonly user: string;
  readonly title: string;
  readonly days: string;
  readonly capability?: readonly string[];
}

export const addAccessToken: AddCommands = (program, at) => {
  const { print, note } = at;
  const each = (value: string, before: readonly string[] = []) => [...before, value];
  const token = program.command('access-token').description('Personal access tokens: the keys to the admin API.');
  deedCommand(token, 'create', 'Makes one for a user; it can do what their role grants, and is printed once.')
    .requiredOption('--user <slug>', 'whose')
    .option('--title <text>', 'what it is for', 'made at the command line')
    .option('--days <count>', 'how long it lives: 1 to 90', '90')
    .option('--capability <name>', 'what it can do at most (default: all that the role grants); repeatable', each)
    .action(async (flags: CreateFlags) => {
      const { user, title } = flags;
      const capabilities = flags.capability?.map(parseCapability);
      const days = /^\d{1,3}$/.test(flags.days) ? Number(flags.days) : Number.NaN;
      const made = await withAdmin(at, flags, (acting) => issueAccessToken(acting, { user, title, capabilities, days }));
      const shown = shownAccessToken(made.token, Date.now());
      if (flags.json) return print(JSON.stringify({ ...shown, token: reveal(made.secret) }));
      note(`Shown once. Id ${shown.id}, valid until ${new Date(shown.expiresAt).toISOString()}.`);
      print(reveal(made.secret));
    });
  command(token, 'list', 'Lists them; never their secrets.').action(async (flags: Common) => {
    const all = await withStore(at, flags, (store) => store.administration.accessTokens());
    const shown = all.map((one) => shownAccessToken(one, Date.now()));
    print(flags.json ? JSON.stringify(shown) : accessTokenTable(shown));
  });
  token
    .command('rotate')
    .description(
      `Gives a token another secret, which is printed once; the old one is refused from then on. The running gateway server does it; the token is read from ${tokenVariable}, else from standard input.`,
    )
    .option('--url <origin>', 'where the gateway server answers', ownOrigin)
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'print JSON')
    .action(async (flags: Pick<Common, 'json' | 'reason'> & { readonly url: string }) => {
      const query = { reason: flags.reason };
      const made = await asOwner(at, flags.url, (client) => client.call('access-tokens.rotate', { query }));
      if (flags.json) return print(JSON.stringify(made));
      note(`Shown once. Id ${made.id}, valid until ${new Date(made.expiresAt).toISOString()}, as before.`);
      print(made.token);
    });
  deedCommand(token, 'revoke <id>', 'Revokes one; its next request is refused.').action(async (id: string, flags: Common) => {
    const isRevoked = await withAdmin(at, flags, (acting) => revokeAccessToken(acting, 'access-tokens.revoke', id));
    print(flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`);
  });
};

function parseCapability(name: string): Capability {
  const parsed = Capability.safeParse(name);
  if (parsed.success) return parsed.data;
  const reason = `"${name}" is none. docs/capabilities.md lists them.`;
  throw new Fault('SETTING_INVALID', { setting: '--capability', reason });
}
