// Who may connect and what may run, as the store says now: read again only where its revision has grown.
// Rule: an answer is never older than the question. Those who ask in one turn of the event loop share one look, which begins after them.
import type { Approval, Store, StoredPolicy } from '../store/store.ts';

export interface Standing {
  /** Of the store, at least: what else is here may be newer. */
  readonly revision: number;
  readonly policy: StoredPolicy;
  /** By `<server> <fingerprint>`. */
  readonly approvals: ReadonlyMap<string, Approval>;
}

export function createStanding(store: Pick<Store, 'revision' | 'policy' | 'approvals'>): () => Promise<Standing> {
  let known: Standing | undefined;
  let next: Promise<Standing> | undefined;

  async function read(): Promise<Standing> {
    // Read before the rest: if that changes in between, the next reader sees a newer revision and reads again.
    const revision = await store.revision();
    if (known?.revision === revision) return known;
    const [policy, approvals] = await Promise.all([store.policy(), store.approvals()]);
    const byCommand = new Map(approvals.map((approval) => [`${approval.server} ${approval.fingerprint}`, approval]));
    known = { revision, policy, approvals: byCommand };
    return known;
  }

  return () =>
    (next ??= new Promise((resolve) => {
      setImmediate(() => {
        next = undefined;
        resolve(read());
      });
    }));
}
