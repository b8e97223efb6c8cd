// Who administers: a person by the admin API, with what their role and their token grant, or whoever may use the machine's command line, which grants all. The
// rule: an operation asks here what its actor may do, and knows no role.
import type { DeedActor } from '#contract/audit.ts';
import { type Capability, capabilities } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import type { Slug, TokenId, UserId } from '#contract/id.ts';

export type Actor =
  | {
      readonly kind: 'user';
      readonly user: { readonly id: UserId; readonly slug: Slug };
      /** `hash`: of the secret that it came with, which counts no more once another is given to it. */
      readonly accessToken: { readonly id: TokenId; readonly expiresAt: number; readonly hash: string };
      readonly capabilities: ReadonlySet<Capability>;
      /** Those that the user's teams grant. */
      readonly gateways: ReadonlySet<string>;
    }
  | { readonly kind: 'command-line'; readonly osUser: string }
  /** A part of the gateway server that acts for a program elsewhere, with just these capabilities. */
  | { readonly kind: 'system'; readonly part: string; readonly capabilities: ReadonlySet<Capability> };

export function may(actor: Actor, capability: Capability): boolean {
  return actor.kind === 'command-line' || actor.capabilities.has(capability);
}

export function capabilitiesOf(actor: Actor): readonly Capability[] {
  return actor.kind === 'command-line' ? capabilities : [...actor.capabilities];
}

/** Throws CAPABILITY_NEEDED, which names it. */
export function need(actor: Actor, capability: Capability): void {
  if (!may(actor, capability)) throw new Fault('CAPABILITY_NEEDED', { capability, lacking: 'your role or this token does' });
}

/** Whether what they may do counts for this gateway. */
export function reaches(actor: Actor, gateway: string): boolean {
  return actor.kind !== 'user' || actor.capabilities.has('gateways.view-all') || actor.gateways.has(gateway);
}

/** Throws GATEWAY_NOT_GRANTED, also for one that there is not: names are nobody else's business. */
export function needGateway(actor: Actor, gateway: string): void {
  if (!reaches(actor, gateway)) throw new Fault('GATEWAY_NOT_GRANTED', { gateway });
}

/** As records name them. */
export function deedActor(actor: Actor): DeedActor {
  switch (actor.kind) {
    case 'user':
      return { kind: 'user', user: { id: actor.user.id, name: actor.user.slug }, accessToken: actor.accessToken.id };
    case 'command-line':
      return { kind: 'command-line', osUser: actor.osUser };
    case 'system':
      return { kind: 'system', part: actor.part };
  }
}
