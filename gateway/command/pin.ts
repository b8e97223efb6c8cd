// `pin`: definitions of tools, prompts and resources that changed or are new, where they differ, and what becomes of them. What is decided is about one exact
// definition, by its hash.
import { allPins, decidePins, diffOf, pinBy, type PinDiff, shown } from '../admin/pin.ts';
import { printable, table } from '../admin/print.ts';
import { visible } from '../pin/diff.ts';
import type { ListedPin, PinFilter } from '../store/pin.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

const decisions = [
  ['approve', 'accepted', 'Stands for definitions: their items are shown and may be used from the next request on.'],
  ['reject', 'rejected', 'Rejects definitions, also ones that counted: nobody who is shown one can use its item.'],
] as const;

interface Where {
  readonly gateway?: string;
  readonly server?: string;
}

export const addPin: AddCommands = (program, terminal) => {
  const pin = program.command('pin').description('Definitions of tools, prompts and resources, and who stood for them.');
  command(pin, 'list', 'Lists definitions that wait for somebody who looks at them.')
    .option('--gateway <slug>', 'of one gateway')
    .option('--server <slug>', 'of one server')
    .option('--all', 'those too that were decided of')
    .action(async (flags: Common & Where & { all?: boolean }) => {
      const of = { ...within(flags), state: flags.all ? undefined : ('waiting' as const) };
      const listed = await withStore(terminal, flags, (store) => allPins(store, of));
      terminal.print(flags.json ? JSON.stringify(listed.map(shown)) : pinTable(listed));
    });
  command(
    pin,
    'diff <hash>',
    'Shows where a definition differs from the one most like it that counts, and what is suspicious in it.',
  )
    .option('--gateway <slug>', 'of one gateway')
    .option('--server <slug>', 'of one server')
    .action(async (hash: string, flags: Common & Where) => {
      const diff = await withStore(terminal, flags, async (store) => diffOf(store, await pinBy(store, hash, within(flags))));
      terminal.print(flags.json ? JSON.stringify({ ...diff, pin: shown(diff.pin) }) : diffText(diff));
    });
  for (const [verb, state, description] of decisions)
    deedCommand(pin, `${verb} <hash...>`, description)
      .option('--gateway <slug>', 'of one gateway')
      .option('--server <slug>', 'of one server')
      .action(async (hashes: string[], flags: Common & Where) => {
        const decided = await withAdmin(terminal, flags, async (acting) => {
          const pins = await Promise.all(hashes.map((hash) => pinBy(acting.store, hash, within(flags))));
          await decidePins(
            acting,
            pins.map(({ gateway, server, kind, name, hash }) => ({ gateway, server, kind, name, hash })),
            state,
            acting.now(),
          );
          return pins.map((one) => ({ ...one, state }));
        });
        const lines = decided.map((one) => `${state} ${one.gateway}/${one.server} ${one.kind} ${visible(one.name)} ${one.hash}`);
        terminal.print(flags.json ? JSON.stringify(decided.map(shown)) : lines.map(printable).join('\n'));
      });
};

function within({ gateway, server }: Where): PinFilter {
  return { gateway, server };
}

function pinTable(pins: readonly ListedPin[]): string {
  const rows = pins.map(({ gateway, server, kind, name, state, reason, gone, note, suspicions, hash, seenAt, seenBy }) => [
    hash.slice(0, 12),
    `${gateway}/${server}`,
    kind,
    visible(name),
    state,
    [reason, ...(gone.length > 0 ? [`from ${namesOf(gone)}`] : []), ...(note === null ? [] : [`(${note})`])].join(' '),
    [...new Set(suspicions.map((one) => one.kind))].join(' ') || '-',
    seenBy,
    new Date(seenAt).toISOString(),
  ]);
  const headings = ['HASH', 'ASSIGNMENT', 'KIND', 'ITEM', 'STATE', 'HOW IT CAME', 'SUSPICIOUS', 'SEEN BY', 'AT'];
  return table(headings, rows, 'No definition waits.');
}

const namesOf = (gone: readonly string[]): string => gone.map(visible).join(', ');

function diffText({ pin, against, differences }: PinDiff): string {
  const lines = [
    `${pin.gateway}/${pin.server} ${pin.kind} ${visible(pin.name)} (${pin.state}, ${pin.reason})`,
    against === null ? '  against nothing: there was no definition of it' : `  against ${against}`,
    ...(pin.gone.length > 0
      ? [
          `  gone from the list in which it came: ${namesOf(pin.gone)}. Approving it has those wait again, so that only one of them counts`,
        ]
      : []),
    ...(pin.note === null ? [] : [`  decided: ${pin.note}`]),
    ...differences.flatMap(({ pointer, before, after }) => [
      `  ${pointer || '(all of it)'}`,
      ...(before === undefined ? [] : [`    - ${before}`]),
      ...(after === undefined ? [] : [`    + ${after}`]),
    ]),
    ...pin.suspicions.map(({ kind, pointer, detail }) => `  suspicious: ${kind} at ${pointer || '(all of it)'}: ${detail}`),
  ];
  return lines.map(printable).join('\n');
}
