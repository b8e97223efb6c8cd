// `token`: what lets a device enroll and an AI host call. A secret is printed once, when it is made.
import { hosts } from '#contract/host-table.ts';
import { reveal } from '#contract/secret.ts';
import type { Acting } from '../admin/context.ts';
import { parseDuration } from '../admin/duration.ts';
import { tokenTable } from '../admin/print.ts';
import { issueEnrollToken, issueHostToken, type Issued, makeClientSecret, revokeToken } from '../admin/token.ts';
import { stateOf } from '../admin/token-state.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common, type Terminal } from './terminal.ts';

export const addToken: AddCommands = (program, terminal) => {
  const token = program.command('token').description('Tokens of workstations and of AI hosts.');
  deedCommand(token, 'enroll', 'Makes a one-time token that enrolls a workstation of a user; it is printed once.')
    .requiredOption('--user <slug>', 'whose workstation')
    .option('--ttl <duration>', 'how long it may be spent', '1h')
    .action(async (flags: Common & { user: string; ttl: string }) => {
      const ttlMs = parseDuration(flags.ttl, '--ttl');
      const issue = (acting: Acting) => issueEnrollToken({ ...acting, user: flags.user, ttlMs, now: Date.now() });
      printIssued(terminal, flags, await withAdmin(terminal, flags, issue));
    });
  deedCommand(token, 'host', 'Makes a token for one AI host of a user at a gateway; it is printed once.')
    .requiredOption('--gateway <slug>', 'the one gateway that it opens')
    .requiredOption('--host <id>', 'the AI host, such as claude-desktop')
    .requiredOption('--user <slug>', 'who calls with it')
    .option('--ttl <duration>', 'how long it is valid', '90d')
    .action(async (flags: Common & { gateway: string; host: string; user: string; ttl: string }) => {
      const { gateway, host, user } = flags;
      const ttlMs = parseDuration(flags.ttl, '--ttl');
      const knownHosts = hosts.map(({ id }) => id);
      const issue = (acting: Acting) => issueHostToken({ ...acting, gateway, host, user, ttlMs, knownHosts, now: Date.now() });
      printIssued(terminal, flags, await withAdmin(terminal, flags, issue));
    });
  command(
    token,
    'secret',
    'Makes a secret for a client of a file, and its hash, which stands in the file; both are stored nowhere.',
  ).action((flags: Common) => {
    const { secret, secretHash } = makeClientSecret();
    if (flags.json) return terminal.print(JSON.stringify({ secret: reveal(secret), secretHash }));
    terminal.note(`Shown once. In the file: secretHash: ${secretHash}`);
    terminal.print(reveal(secret));
  });
  deedCommand(token, 'create', 'Makes a token for one of the many users of an agent; it is printed once.')
    .requiredOption('--agent <name>', 'the agent: a program of yours that serves many people')
    .requiredOption('--user <slug>', 'as whom it calls with it')
    .requiredOption('--gateway <slug>', 'the one gateway that it opens')
    .option('--ttl <duration>', 'how long it is valid', '30d')
    .action(async (flags: Common & { gateway: string; agent: string; user: string; ttl: string }) => {
      const { gateway, agent, user } = flags;
      const ttlMs = parseDuration(flags.ttl, '--ttl');
      const issue = (acting: Acting) =>
        issueHostToken({ ...acting, gateway, agent, user, ttlMs, knownHosts: [], now: Date.now() });
      printIssued(terminal, flags, await withAdmin(terminal, flags, issue));
    });
  command(token, 'list', 'Lists the tokens; never their secrets.').action(async (flags: Common) => {
    const tokens = await withStore(terminal, flags, (store) => store.tokens());
    const now = Date.now();
    const shown = tokens.map((one) => ({ ...one, hash: undefined, state: stateOf(one, now) }));
    terminal.print(flags.json ? JSON.stringify(shown) : tokenTable(tokens, now));
  });
  deedCommand(token, 'revoke <id>', 'Revokes a token; what comes with it is refused within a second.').action(
    async (id: string, flags: Common) => {
      const isRevoked = await withAdmin(terminal, flags, (acting) => revokeToken(acting, id, Date.now()));
      terminal.print(
        flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was not valid any more'}`,
      );
    },
  );
};

function printIssued({ print, note }: Terminal, flags: Common, { token, secret, warnings }: Issued): void {
  const { id, kind, user, expiresAt } = token;
  for (const warning of warnings) note(`warning: ${warning}`);
  const beside = warnings.length === 0 ? {} : { note: warnings.join(' ') };
  if (flags.json) return print(JSON.stringify({ token: reveal(secret), id, kind, user, expiresAt, ...beside }));
  note(`Shown once. Id ${id}, valid until ${new Date(expiresAt).toISOString()}.`);
  print(reveal(secret));
}
