// Alerts in the admin API.
// The rule: it shows what the command line shows, by the same functions.
import type { alertOperations } from '#contract/admin-alert.ts';
import { closeAlert, listAlerts } from './alert.ts';
import type { HandlersFor } from './context.ts';

export const alertHandlers: HandlersFor<typeof alertOperations> = {
  'alerts.list': async ({ store }) => ({ items: [...(await listAlerts(store))] }),
  'alerts.close': (context, { params: { id } }) => closeAlert(context, id, id, context.now()),
};
