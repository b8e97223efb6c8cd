// Alerts as administrators look after them. The rule: whoever closes one is on record, and what happens again opens it again.
import type { AlertId } from '#contract/id.ts';
import type { Alert } from '../store/alert.ts';
import type { Store } from '../store/store.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

export async function listAlerts(store: Store): Promise<readonly Alert[]> {
  return store.alert.alerts();
}

/** `named`: as somebody wrote it. Rejects with NAME_UNKNOWN where there is no open one of that id. */
export async function closeAlert(acting: Acting, id: AlertId | undefined, named: string, now: number): Promise<Alert> {
  const open = (await acting.store.alert.alerts()).filter(({ closedAt }) => closedAt === null);
  const found = open.find((one) => one.id === id);
  const unknown = () =>
    unknownName(
      'open alert',
      named,
      open.map((one) => one.id),
      'what happens makes them',
    );
  if (!found) throw unknown();
  const { key, words } = found;
  const of = { operation: 'alerts.close', target: found.id, before: { key, words }, after: null };
  if (!(await doing(acting, now, of).alert.closeAlert(found.id, now))) throw unknown();
  return { ...found, closedAt: now };
}
