// The admin API's operations on break-glass switches: what is off at once, and on again.
import { z } from 'zod';
import { listOf, operation, Page } from './admin-operation.ts';
import { Switch, SwitchKind } from './switch.ts';

const target = {
  kind: SwitchKind,
  /**
   * A slug; of an assignment `<gateway>/<server>`; of an identity its id, or `<server>`, `<server>/<user>`, with `@<gateway>` for one gateway only; of a workstation its id
   * or its hostname; of a connection its id or that of a host's token; of a host its id. Left out: everything.
   */
  name: z.string().min(1).max(2000).optional(),
};
const longestSeconds = 3650 * 86_400;

export const switchOperations = {
  'switches.list': operation({
    isUrgent: true,
    method: 'GET',
    path: '/switches',
    capability: 'switches.manage',
    summary: 'Lists what is switched off now.',
    query: Page,
    answer: listOf(Switch),
  }),
  'switches.off': operation({
    isUrgent: true,
    method: 'POST',
    path: '/switches/off',
    status: 200,
    capability: 'switches.manage',
    summary:
      'Switches something off at once: calls under way are cancelled, listeners and tunnels cut, and whatever comes is refused. A switch of the same is replaced.',
    body: z.strictObject({
      ...target,
      reason: z.string().min(1).max(500),
      /** Whether those who are refused are told the reason. */
      tell: z.boolean().default(false),
      /** Then it is on again by itself. */
      forSeconds: z.number().int().min(1).max(longestSeconds).optional(),
    }),
    answer: Switch,
    example: { body: { kind: 'server', name: 'crm', reason: 'It leaks.', forSeconds: 7200 } },
  }),
  'switches.on': operation({
    isUrgent: true,
    method: 'POST',
    path: '/switches/on',
    status: 200,
    capability: 'switches.manage',
    summary: 'Switches something on again.',
    body: z.strictObject(target),
    answer: Switch,
    example: { body: { kind: 'server', name: 'crm' } },
  }),
};
