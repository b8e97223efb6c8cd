// `apply`: the policy in a file becomes the one in force, all or nothing.
import { readFile } from 'node:fs/promises';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { applyPolicy } from '../admin/apply.ts';
import { type Change, describeChange } from '../admin/plan.ts';
import { describeProblem, readPolicy, writePolicy } from '../admin/policy-file.ts';
import { printable } from '../admin/print.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common, type Terminal } from './terminal.ts';

export const addPolicy: AddCommands = (program, terminal) => {
  deedCommand(program, 'apply', 'Makes the policy in a file the one in force, all or nothing.')
    .requiredOption('-f, --file <file>', 'the policy in YAML; - reads standard input')
    .option('--plan', 'only show what would change; exit code 3 where that is something')
    .action(async (flags: Common & { file: string; plan?: boolean }) => {
      const name = flags.file === '-' ? 'stdin' : flags.file;
      const read = readPolicy(await readText(flags.file, terminal));
      if (read.kind === 'invalid') {
        if (flags.json) terminal.print(JSON.stringify({ applied: false, file: name, problems: read.problems }));
        else for (const problem of read.problems) terminal.note(printable(describeProblem(name, problem)));
        const { length } = read.problems;
        const reason = `it has ${counted(length, 'problem')}, so nothing was applied.`;
        throw new Fault('FILE_UNUSABLE', { file: name, reason });
      }
      const { policy } = read;
      const isPlanOnly = flags.plan === true;
      const { changes, isApplied, refusal } = await withAdmin(terminal, flags, (context) =>
        applyPolicy({ ...context, policy, now: context.now(), isPlanOnly }),
      );
      if (isPlanOnly && changes.length > 0) process.exitCode = differs;
      if (flags.json) {
        const refused = refusal ? { code: refusal.code, message: refusal.message } : null;
        terminal.print(JSON.stringify({ applied: isApplied, changes, refusal: refused }));
        if (refusal) throw refusal;
        return;
      }
      const paint = terminal.isColored ? colored : (_: Change, text: string) => text;
      for (const change of changes) terminal.print(paint(change, printable(describeChange(change))));
      if (changes.length === 0) return terminal.print('no change');
      const some = counted(changes.length, 'change');
      terminal.print(isApplied ? `applied ${some}` : `${some}; nothing was applied, this is only the plan`);
      if (refusal) throw refusal;
    });
  command(
    program,
    'export',
    'Prints the policy that is in force as a file that `apply` takes; applied again it changes nothing.',
  ).action(async (flags: Common) => {
    const policy = await withStore(terminal, flags, (store) => store.filedPolicy());
    terminal.print(flags.json ? JSON.stringify(policy) : writePolicy(policy));
  });
};

/** What a plan that is not empty ends with, so that whoever looks for drift has no text to read. */
const differs = 3;
const colors = { add: 32, change: 33, remove: 31 } as const;
function colored({ action }: Change, text: string): string {
  return `\u001b[${colors[action]}m${text}\u001b[0m`;
}

async function readText(file: string, { input }: Terminal): Promise<string> {
  if (file !== '-') return readFile(file, 'utf8');
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
