// `preview`: what a person would see at a gateway now, asked of the running gateway server by its admin API, as whoever has the token. The rule: it shows what came back
// and finds out nothing itself.
import type { Preview } from '#contract/admin-preview.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { type ItemKind, itemKinds } from '#contract/policy.ts';
import { printable, table } from '../admin/print.ts';
import { asOwner, ownOrigin, tokenVariable } from './own-token.ts';
import type { AddCommands, Terminal } from './terminal.ts';

interface Flags {
  readonly user: string;
  readonly kind?: string;
  readonly ownIdentity?: boolean;
  readonly url: string;
  readonly json?: boolean;
  readonly reason?: string;
}

export const addPreview: AddCommands = (program, terminal) => {
  program
    .command('preview <gateway>')
    .description(
      `Shows what a person would see at a gateway now. The running gateway server asks its servers; your personal access token is read from ${tokenVariable}, else from standard input.`,
    )
    .requiredOption('--user <slug>', 'who')
    .option('--kind <kind>', `${itemKinds.join(', ')} (default: all)`)
    .option('--own-identity', 'remote servers that know each caller by their own identity are asked with that of this person')
    .option('--url <origin>', 'where the gateway server answers', ownOrigin)
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: Flags) => {
      const preview = await ask(terminal, name, flags);
      terminal.print(flags.json ? JSON.stringify(preview) : textOf(preview));
    });
};

async function ask(terminal: Terminal, name: string, flags: Flags): Promise<Preview> {
  const [gateway, user] = [slugOf('<gateway>', name), slugOf('--user', flags.user)];
  const kind = flags.kind === undefined ? undefined : kindOf(flags.kind);
  const body = { user, kind, identity: flags.ownIdentity ? 'own' : 'none' } as const;
  const sent = { params: { gateway }, query: { reason: flags.reason }, body };
  return await asOwner(terminal, flags.url, (client) => client.call('gateways.preview', sent));
}

function textOf({ gateway, user, refused, servers, items, beyond }: Preview): string {
  if (refused) return `${user} sees nothing at ${gateway}: ${printable(refused.message)}`;
  const rows = items.map(({ kind, server, name, shownAs, hidden, needsStepUp }) => [
    kind,
    server,
    name,
    shownAs ?? '-',
    hidden?.code ?? (needsStepUp ? 'shown; asks for consent by name' : 'shown'),
  ]);
  const unknown = servers.flatMap(({ kind, server, why }) => (why ? [`${kind} of ${server} are not known: ${why.message}`] : []));
  const lines = [
    table(['KIND', 'SERVER', 'ITEM', 'SHOWN AS', 'STATE'], rows, `${user} sees no item at ${gateway}.`),
    ...(beyond > 0 ? [`${beyond} more are not told.`] : []),
    ...(items.some(({ hidden }) => hidden?.code === 'ITEM_ON_HOLD')
      ? [`How what is on hold came, and what differs in it: drawbridge-gateway pin list --gateway ${gateway} --all`]
      : []),
    ...unknown.map(printable),
  ];
  return lines.join('\n');
}

function slugOf(setting: string, text: string): Slug {
  const parsed = Slug.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new Fault('SETTING_INVALID', { setting, reason: 'write its name as the policy has it.' });
}

function kindOf(text: string): ItemKind {
  const found = itemKinds.find((kind) => kind === text);
  if (found) return found;
  throw new Fault('SETTING_INVALID', { setting: '--kind', reason: `use one of ${itemKinds.join(', ')}.` });
}
