// The admin API's operation on what a person would see at a gateway, found out at its servers now. The rule: it is on record as the deed of whoever asks, and is no call
// of that person's.
import { z } from 'zod';
import { operation } from './admin-operation.ts';
import { Slug } from './id.ts';
import { itemKinds } from './policy.ts';

const kind = z.enum(itemKinds);
/** A code of contract/error.ts, and what it says of this. */
const Why = z.object({ code: z.string(), message: z.string() });

export const PreviewItem = z.object({
  kind,
  server: Slug,
  /** By the upstream's own name, URI or URI template. */
  name: z.string(),
  /** What hosts see at the gateway's one URL; null of what is hidden. */
  shownAs: z.string().nullable(),
  /** As the rules of the gateway leave it; null where there is none, and of what is hidden. At most 1000 characters. */
  description: z.string().nullable(),
  /** Why it is hidden; null of what is shown. */
  hidden: Why.nullable(),
  /** Whether it may be used only after its person consented to it by name. */
  needsStepUp: z.boolean(),
});
export type PreviewItem = z.infer<typeof PreviewItem>;

export const PreviewServer = z.object({
  kind,
  server: Slug,
  /** `silent`: nothing of this kind is exposed, so it is not asked. `unknown`: it was not asked, or did not answer. */
  state: z.enum(['listed', 'silent', 'unknown']),
  /** Why it is unknown. */
  why: Why.nullable(),
  /** Where it was asked; null of a remote server. */
  workstation: z.string().nullable(),
  /** As whom it was asked. */
  identity: z.enum(['none', 'shared', 'own']),
});
export type PreviewServer = z.infer<typeof PreviewServer>;

export const Preview = z.object({
  gateway: Slug,
  user: Slug,
  /** ms since 1970. */
  at: z.number().int(),
  /** Why this person sees nothing at all; null where they may enter. */
  refused: Why.nullable(),
  servers: z.array(PreviewServer),
  items: z.array(PreviewItem),
  /** Items beyond the 10,000 that are told. */
  beyond: z.number().int(),
});
export type Preview = z.infer<typeof Preview>;

export const previewOperations = {
  'gateways.preview': operation({
    method: 'POST',
    path: '/gateways/{gateway}/preview',
    status: 200,
    capability: 'provisioning.manage',
    gateway: 'gateway',
    summary:
      'Asks the servers of a gateway what a person would see there now, and says of each item whether it is shown or why not. Servers on their workstation are asked there; their own identity at remote servers is used only where the body says so, which needs identities.manage too.',
    params: z.strictObject({ gateway: Slug }),
    body: z.strictObject({
      user: Slug,
      /** Absent: all. */
      kind: kind.optional(),
      /** `own`: servers that know each caller by their own identity are asked with this person's. */
      identity: z.enum(['none', 'own']).default('none'),
    }),
    answer: Preview,
    example: { params: { gateway: 'main' }, body: { user: 'ben', kind: 'tools' } },
  }),
};
