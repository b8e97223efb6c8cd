// `server`: local servers that workstations offer, and what may run of them; and what remote ones want of who calls.
import type { Acting } from '../admin/context.ts';
import { decideOffered, listOffered } from '../admin/offer.ts';
import { offerText } from '../admin/print.ts';
import { checkServer, type ServerCheck } from '../identity/check.ts';
import { withSignIns } from './sign-ins.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

const decisions = [
  ['approve', 'approved', 'Approves one exact command, on every workstation that offers it.'],
  ['deny', 'denied', 'Denies one exact command, on every workstation that offers it.'],
] as const;

export const addServer: AddCommands = (program, terminal) => {
  const server = program.command('server').description('Local servers that workstations offer, and what remote ones want.');
  command(server, 'offered', 'Shows what workstations could run, and what was decided of it.').action(async (flags: Common) => {
    const offered = await withStore(terminal, flags, listOffered);
    if (flags.json) return terminal.print(JSON.stringify(offered));
    terminal.print(offered.length === 0 ? 'No workstation offers a server.' : offered.map(offerText).join('\n\n'));
  });
  command(server, 'check <server>', 'Asks a remote server what it wants of who calls, and holds the policy against it.')
    .option('--public-url <url>', 'the origin of this gateway, for what is to be registered', 'https://YOUR-GATEWAY')
    .option('--egress <file>', 'the ways out of `serve`, where the server has one of them')
    .action(async (name: string, flags: Common & { publicUrl: string; egress?: string }) => {
      const found = await withSignIns(terminal, flags, flags.publicUrl, (parts) => checkServer(parts, name));
      terminal.print(flags.json ? JSON.stringify(found) : checkText(found));
      if (!found.fits) process.exitCode = 1;
    });
  for (const [verb, decision, description] of decisions) {
    deedCommand(server, `${verb} <server>`, description)
      .option('--fingerprint <sha256>', 'which command; needed unless exactly one is undecided')
      .action(async (name: string, flags: Common & { fingerprint?: string }) => {
        const { fingerprint } = flags;
        const decide = (acting: Acting) => decideOffered({ ...acting, decision, server: name, fingerprint, now: Date.now() });
        const decided = await withAdmin(terminal, flags, decide);
        terminal.print(flags.json ? JSON.stringify(decided) : `${offerText(decided)}\n${decision}`);
      });
  }
};

function checkText({ server, wants, auth, fits, issuer, client, scope, redirect }: ServerCheck): string {
  const lines = [
    ['wants', wants],
    ['policy says', `auth: ${auth}`],
    ...(issuer === undefined ? [] : [['issuer', issuer]]),
    ...(client === undefined ? [] : [['this gateway as', client]]),
    ...(scope === undefined ? [] : [['scopes', scope]]),
    ...(redirect === undefined ? [] : [['redirect', redirect]]),
    ['fits', fits ? 'yes' : `no: say auth: ${wants === 'open' ? 'none' : wants}`],
  ];
  return [server, ...lines.map(([name = '', value = '']) => `  ${name.padEnd(15)} ${value}`)].join('\n');
}
