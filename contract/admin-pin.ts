// The admin API's operations on pins: which definitions of items were seen, what is different in one that waits, and what becomes of it.
import { z } from 'zod';
import { listOf, operation, Page } from './admin-operation.ts';
import { Slug } from './id.ts';
import { pinReasons, pinStates, suspicions } from './pin.ts';
import { itemKinds } from './policy.ts';

const Pin = z.object({
  gateway: Slug,
  server: Slug,
  kind: z.enum(itemKinds),
  /** By the upstream's own name, URI or URI template. */
  name: z.string(),
  /** SHA-256 of the definition, hex. */
  hash: z.string(),
  state: z.enum(pinStates),
  reason: z.enum(pinReasons),
  suspicions: z.array(z.object({ kind: z.enum(suspicions), pointer: z.string(), detail: z.string() })),
  /** Of a renamed one: the names that are gone. */
  gone: z.array(z.string()),
  /** Times are ms since 1970. */
  seenAt: z.number().int(),
  seenBy: Slug,
  /** The workstation whose server said so; null of a remote one. */
  seenOn: z.string().nullable(),
  decidedAt: z.number().int().nullable(),
  /** What was said with the decision; of one that counted and waits again, which renamed one was approved. */
  note: z.string().nullable(),
});
export type Pin = z.infer<typeof Pin>;

const gateway = 'gateway';
const params = z.strictObject({ gateway: Slug });
const hash = z.string().regex(/^[0-9a-f]{8,64}$/);
const Named = {
  server: Slug,
  kind: z.enum(itemKinds),
  name: z.string().min(1).max(65_536),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
};
const PinNamed = z.strictObject(Named);
const decision = z.strictObject({ pins: z.array(PinNamed).min(1).max(500) });
const Decided = z.object({ decided: z.number().int(), state: z.enum(['accepted', 'rejected']) });
const example = {
  params: { gateway: 'main' },
  body: { pins: [{ server: 'memory', kind: 'tools', name: 'read_graph', hash: '0'.repeat(64) }] },
};

export const pinOperations = {
  'pins.list': operation({
    method: 'GET',
    path: '/gateways/{gateway}/pins',
    capability: 'gateways.view',
    gateway,
    summary: 'Lists definitions that were seen at a gateway, by default those that wait.',
    params,
    query: Page.extend({ state: z.enum([...pinStates, 'any']).default('waiting') }),
    answer: listOf(Pin),
    example: { params: example.params },
  }),
  'pins.diff': operation({
    method: 'GET',
    path: '/gateways/{gateway}/pins/{hash}/diff',
    capability: 'gateways.view',
    gateway,
    summary:
      'Shows where a definition differs from the one most like it that counts, of its own item or of those that it came for.',
    params: params.extend({ hash }),
    answer: z.object({
      pin: Pin,
      /** The hash of the other one; null where there is none. */
      against: z.string().nullable(),
      differences: z.array(z.object({ pointer: z.string(), before: z.string().optional(), after: z.string().optional() })),
    }),
    example: { params: { gateway: 'main', hash: '0'.repeat(64) } },
  }),
  'pins.approve': operation({
    method: 'POST',
    path: '/gateways/{gateway}/pins/approve',
    capability: 'pins.manage',
    gateway,
    summary: 'Stands for definitions: they are shown and may be used. All or none.',
    params,
    body: decision,
    answer: Decided,
    example,
  }),
  'pins.reject': operation({
    method: 'POST',
    path: '/gateways/{gateway}/pins/reject',
    capability: 'pins.manage',
    gateway,
    summary: 'Rejects definitions, also ones that counted: whoever is shown one can not use its item. All or none.',
    params,
    body: decision,
    answer: Decided,
    example,
  }),
};
