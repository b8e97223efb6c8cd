// What the policy shows of a gateway (or of one server in it), list by list, so that a change of the policy can be told as a change of just these lists. Pure.
import { hash } from 'node:crypto';
import type { ItemKind } from '#contract/policy.ts';
import type { Assignment, Identified, ListKind } from '../call.ts';
import type { CompiledGateway } from '../policy/compile.ts';

export interface View {
  /** By the server's slug. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** A hash of what decides which items each list shows. */
  readonly lists: Readonly<Record<ListKind, string>>;
}

const kindsOf: Readonly<Record<ListKind, readonly ItemKind[]>> = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'templates'],
};

/** `off`: servers that are switched off; they are shown as if they were not there. */
export function viewOf(gateway: CompiledGateway, { server }: Identified['target'], off: ReadonlySet<string>): View {
  const assignments = [...gateway.assignments].filter(([slug]) => (server === undefined || slug === server) && !off.has(slug));
  return {
    assignments: new Map(assignments),
    lists: { tools: textOf('tools'), prompts: textOf('prompts'), resources: textOf('resources') },
  };

  function textOf(kind: ListKind): string {
    const shown = assignments
      .map(([, assignment]) => assignment)
      .filter(({ exposes }) => kindsOf[kind].some(exposes))
      .map(({ server: { id }, remote, reach, exposure, pins }) => [
        id,
        remote,
        reach,
        kindsOf[kind].map(exposure),
        pins?.decided,
      ]);
    return hash('sha256', JSON.stringify(shown.toSorted()), 'base64url');
  }
}
