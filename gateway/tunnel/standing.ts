// Who may connect and what may run, as the store says now.
// Rule: an answer is never older than the question. Those who ask in one turn of the event loop share one look, which begins after them.
import type { WorkstationId } from '#contract/id.ts';
import type { ReadState, State } from '../state.ts';
import type { Approval, Store, Workstation } from '../store/store.ts';
import { membersOf, type MemberOf } from '../workstation/proof.ts';
import { later } from './gather.ts';

export interface Standing {
  /** Of the store, at least: what else is here may be newer. */
  readonly revision: number;
  readonly memberOf: MemberOf;
  /** By `<server> <fingerprint>`. */
  readonly approvals: ReadonlyMap<string, Approval>;
  /** Those that were asked for and exist. */
  readonly workstations: ReadonlyMap<WorkstationId, Workstation>;
}

export function createStanding(
  { store, readState }: { readonly store: Pick<Store, 'workstationsOf'>; readonly readState: ReadState },
  gatherMs: () => number,
): (workstation?: WorkstationId) => Promise<Standing> {
  let known: { readonly of: State; readonly standing: Omit<Standing, 'workstations'> } | undefined;
  let next: { readonly asked: Set<WorkstationId>; readonly look: Promise<Standing> } | undefined;

  async function read(asked: ReadonlySet<WorkstationId>): Promise<Standing> {
    // Read before the workstations: if that changes in between, the next reader sees a newer revision.
    const state = await readState();
    const workstations = asked.size === 0 ? none : await store.workstationsOf([...asked]);
    if (known?.of !== state) known = { of: state, standing: standingOf(state) };
    return { ...known.standing, workstations };
  }

  function begin() {
    const asked = new Set<WorkstationId>();
    const look = new Promise<Standing>((resolve) => {
      later(gatherMs(), () => {
        next = undefined;
        resolve(read(asked));
      });
    });
    return { asked, look };
  }

  return (workstation) => {
    next ??= begin();
    if (workstation !== undefined) next.asked.add(workstation);
    return next.look;
  };
}

function standingOf({ revision, people, approvals }: State): Omit<Standing, 'workstations'> {
  const byCommand = new Map(approvals.map((approval) => [`${approval.server} ${approval.fingerprint}`, approval]));
  return { revision, memberOf: membersOf(people), approvals: byCommand };
}

const none: ReadonlyMap<WorkstationId, Workstation> = new Map();
