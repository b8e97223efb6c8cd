// How far a rollout is, for people at a terminal. Names that came from devices can't steer it.
import type { Rollout } from '#contract/admin-rollout.ts';
import { printable } from './print.ts';

/** A line for each check, with a mark that says the same without color; at most so many names under one. */
export function rolloutText({ state, steps }: Rollout, namesAtMost: number): string {
  const marks = { done: '[done]   ', 'not-yet': '[not yet]', unseen: '[unseen] ' } as const;
  const lines = steps.flatMap(({ step, title, state: of, checks }) => [
    `${marks[of]} ${step}. ${title}`,
    ...checks.flatMap(({ state: one, what, todo, about }) => [
      `            ${one === 'done' ? '+' : one === 'unseen' ? '?' : '-'} ${what}`,
      ...about.slice(0, namesAtMost).map((name) => `                ${name}`),
      ...(about.length > namesAtMost ? [`                and ${about.length - namesAtMost} more: --verbose`] : []),
      ...(todo === null ? [] : [`              > ${todo}`]),
    ]),
  ]);
  const words = {
    done: 'The rollout is done.',
    'not-yet': 'The rollout is not done yet.',
    unseen: 'Nothing is left to do that can be seen from here.',
  };
  return [...lines, words[state]].map(printable).join('\n');
}
