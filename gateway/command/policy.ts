// `apply`: the policy in a file becomes the one in force, all or nothing.
import { readFile } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';
import { applyPolicy } from '../admin/apply.ts';
import { describeChange } from '../admin/plan.ts';
import { describeProblem, readPolicy } from '../admin/policy-file.ts';
import { printable } from '../admin/print.ts';
import { command, withStore, type AddCommands, type Common, type Terminal } from './terminal.ts';

export const addPolicy: AddCommands = (program, terminal) => {
  command(program, 'apply', 'Makes the policy in a file the one in force, all or nothing.')
    .requiredOption('-f, --file <file>', 'the policy in YAML; - reads standard input')
    .option('--plan', 'only show what would change')
    .action(async (flags: Common & { file: string; plan?: boolean }) => {
      const name = flags.file === '-' ? 'stdin' : flags.file;
      const read = readPolicy(await readText(flags.file, terminal));
      if (read.kind === 'invalid') {
        if (flags.json) terminal.print(JSON.stringify({ applied: false, file: name, problems: read.problems }));
        else for (const problem of read.problems) terminal.note(printable(describeProblem(name, problem)));
        const { length } = read.problems;
        const reason = `it has ${length} problem${length === 1 ? '' : 's'}, so nothing was applied.`;
        throw new Fault('FILE_UNUSABLE', { file: name, reason });
      }
      const { policy } = read;
      const isPlanOnly = flags.plan === true;
      const { changes, isApplied } = await withStore(terminal, flags, (store) =>
        applyPolicy({ store, policy, now: Date.now(), isPlanOnly }),
      );
      if (flags.json) return terminal.print(JSON.stringify({ applied: isApplied, changes }));
      for (const change of changes) terminal.print(printable(describeChange(change)));
      if (changes.length === 0) return terminal.print('no change');
      const counted = `${changes.length} change${changes.length === 1 ? '' : 's'}`;
      terminal.print(isApplied ? `applied ${counted}` : `${counted}; nothing was applied, this is only the plan`);
    });
};

async function readText(file: string, { input }: Terminal): Promise<string> {
  if (file !== '-') return readFile(file, 'utf8');
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
