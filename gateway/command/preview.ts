// `preview`: what a person would see at a gateway now, asked of the running gateway server by its admin API. The rule: the token never stands in an argument, and goes to
// the one address that was named.
import { createAdminClient } from '#contract/admin-client.ts';
import type { Preview } from '#contract/admin-preview.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { type ItemKind, itemKinds } from '#contract/policy.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { printable, table } from '../admin/print.ts';
import { parseOrigin } from '../settings.ts';
import { readSecret } from './secret-input.ts';
import type { AddCommands, Terminal } from './terminal.ts';

interface Flags {
  readonly user: string;
  readonly kind?: string;
  readonly ownIdentity?: boolean;
  readonly url: string;
  readonly json?: boolean;
  readonly reason?: string;
}
const variable = 'DRAWBRIDGE_ACCESS_TOKEN';
const withinMs = 40_000;

export const addPreview: AddCommands = (program, terminal) => {
  program
    .command('preview <gateway>')
    .description(
      `Shows what a person would see at a gateway now. The running gateway server asks its servers; your personal access token is read from ${variable}, else from standard input.`,
    )
    .requiredOption('--user <slug>', 'who')
    .option('--kind <kind>', `${itemKinds.join(', ')} (default: all)`)
    .option('--own-identity', 'remote servers that know each caller by their own identity are asked with that of this person')
    .option('--url <origin>', 'where the gateway server answers', 'http://127.0.0.1:7070')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: Flags) => {
      const preview = await ask(terminal, name, flags);
      terminal.print(flags.json ? JSON.stringify(preview) : textOf(preview));
    });
};

async function ask(terminal: Terminal, name: string, flags: Flags): Promise<Preview> {
  const origin = parseOrigin('--url', flags.url);
  const [gateway, user] = [slugOf('<gateway>', name), slugOf('--user', flags.user)];
  const kind = flags.kind === undefined ? undefined : kindOf(flags.kind);
  const given = terminal.around.env[variable];
  const token = given ? new Secret(given) : await readSecret(terminal.input, () => terminal.note('Personal access token: '));
  const client = createAdminClient({
    origin,
    token: reveal(token).trim(),
    // Where it is sent on to was named by nobody.
    fetch: (url, init) => fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(withinMs) }),
  });
  const body = { user, kind, identity: flags.ownIdentity ? 'own' : 'none' } as const;
  const sent = { params: { gateway }, query: { reason: flags.reason }, body };
  const outcome = await client.call('gateways.preview', sent).catch((cause: unknown) => {
    throw new Fault('ADMIN_UNANSWERED', { origin }, { cause });
  });
  if (!outcome.ok) throw new Fault('ADMIN_REFUSED', { code: outcome.refusal.code, message: outcome.refusal.message });
  return outcome.answer;
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
