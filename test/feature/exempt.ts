// Where a feature can't be had between two eras: the only such list, each line citing the specification, each still tried: it has to fail with its error.
import type { Column } from './cell.ts';

export interface Exemption {
  readonly feature: string;
  applies(column: Column): boolean;
  /** What the host is told instead. */
  readonly error: RegExp;
  /** The specification's section, and in a few words what it says. */
  readonly citation: string;
}

export const exemptions: readonly Exemption[] = [
  {
    feature: 'tasks',
    applies: ({ host, server }) => host !== server,
    error: /baked.*: answered at once, without a task/,
    citation:
      '2025-11-25, basic/utilities/tasks, and the extension io.modelcontextprotocol/tasks of 2026-07-28: a task is asked for by the host in the one and chosen by the server in the other; tasks/result and tasks/list have no counterpart, nor has tasks/update. The call itself works: it is answered without a task.',
  },
];
