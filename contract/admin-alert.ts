// The admin API's operations on alerts: what deserves a look, each subject once.
import { z } from 'zod';
import { operation } from './admin-operation.ts';
import { AlertId } from './id.ts';

/** Times in ms since 1970. */
const Alert = z.object({
  id: AlertId,
  /** What it is about, such as `server:files`: the same subject opens the same alert again. */
  key: z.string(),
  level: z.enum(['info', 'warning', 'error']),
  words: z.string(),
  /** How often it happened while it was open. */
  count: z.number().int(),
  /** The newest record that says so. */
  record: z.string().nullable(),
  at: z.number().int(),
  firstAt: z.number().int(),
  closedAt: z.number().int().nullable(),
});

export const alertOperations = {
  'alerts.list': operation({
    method: 'GET',
    path: '/alerts',
    capability: 'alerts.view',
    summary: 'Lists the alerts, open ones first; at most 1,000.',
    answer: z.object({ items: z.array(Alert) }),
  }),
  'alerts.close': operation({
    method: 'DELETE',
    path: '/alerts/{id}',
    capability: 'alerts.manage',
    summary: 'Closes an alert. It opens again where its subject happens again.',
    params: z.strictObject({ id: AlertId }),
    answer: Alert,
    example: { params: { id: '0198c0de-0000-7000-8000-00000000000a' } },
  }),
};
