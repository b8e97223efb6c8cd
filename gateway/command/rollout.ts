// `rollout check`: how far the rollout is, step by step, for whoever in IT carries it.
// Exit codes: 0 all four steps are done, 3 something is not done yet, 4 something can't be seen from here.
import { rolloutText } from '../admin/rollout-text.ts';
import { readRollout } from '../admin/rollout-operation.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

const exitCodes = { done: 0, 'not-yet': 3, unseen: 4 } as const;

export const addRollout: AddCommands = (program, terminal) => {
  const rollout = program.command('rollout').description('How far the rollout is: docs/rollout.md has its four steps.');
  command(rollout, 'check', 'Says of each step what is done, what is not yet, what cannot be seen from here, and what to do.')
    .option('--all-meant', 'that an assignment exposes all of a kind is meant')
    .option('-v, --verbose', 'names every device and person, not the first ten')
    .action(async (flags: Common & { allMeant?: boolean; verbose?: boolean }) => {
      const of = { isAllMeant: flags.allMeant ?? false, now: Date.now() };
      const found = await withStore(terminal, flags, (store) => readRollout(store, of));
      terminal.print(flags.json ? JSON.stringify(found) : rolloutText(found, flags.verbose ? Infinity : 10));
      process.exitCode = exitCodes[found.state];
    });
};
