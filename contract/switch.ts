// Break-glass switches: what an administrator turns off at once, for a reason, until it is turned on again or a time comes. The rule: a switch names what it is
// about by the name that people use for it, so that whatever comes back under that name is off too.
import { z } from 'zod';
import { assertNever } from './assert.ts';
import { Fault } from './error.ts';
import { Slug } from './id.ts';

export const switchKinds = [
  'user',
  'identity',
  'connection',
  'host',
  'server',
  'assignment',
  'gateway',
  'workstation',
  'everything',
] as const;
export const SwitchKind = z.enum(switchKinds);
export type SwitchKind = z.infer<typeof SwitchKind>;

/** The one name of the kind `everything`. */
export const everything = 'everything';

export const SwitchTarget = z.object({
  kind: SwitchKind,
  /**
   * The slug of a user, server or gateway; the id of a workstation, of a host (contract/host-identity.ts), of a connection or of a host's token; `<gateway>/<server>` of
   * an assignment; of an identity identityName().
   */
  name: z.string().min(1).max(2000),
});
export type SwitchTarget = z.infer<typeof SwitchTarget>;

export const Switch = SwitchTarget.extend({
  reason: z.string().min(1).max(500),
  /** Whether those who are refused are told the reason. */
  isTold: z.boolean(),
  /** Times are ms since 1970. */
  since: z.number().int(),
  /** When it is on again by itself; null: when somebody turns it on. */
  until: z.number().int().nullable(),
  /** Who turned it off, for administrators. */
  by: z.string(),
  /** Of a workstation: whose it is. */
  owner: Slug.nullable(),
});
export type Switch = z.infer<typeof Switch>;

interface IdentityPlace {
  readonly server: string;
  readonly user?: string | undefined;
  readonly gateway?: string | undefined;
}

/** Identities at a remote server: all of one user's, or (without `user`) the shared ones; `gateway`: only as it is used there. */
export function identityName({ server, user, gateway }: IdentityPlace): string {
  return `${server}${user ? `/${user}` : ''}${gateway ? `@${gateway}` : ''}`;
}

export function isOff({ until }: Pick<Switch, 'until'>, now: number): boolean {
  return until === null || now < until;
}

/** SWITCHED_OFF, in words for whoever is refused. */
export function switchFault(of: Switch): Fault {
  return new Fault('SWITCHED_OFF', {
    what: wordsOf(of),
    since: new Date(of.since).toISOString(),
    until: of.until === null ? '' : ` until ${new Date(of.until).toISOString()}`,
    reason: of.isTold ? ` The reason: ${of.reason.replace(/\.$/, '')}.` : '',
  });
}

function wordsOf({ kind, name }: SwitchTarget): string {
  const [first = '', second = ''] = name.split('/');
  switch (kind) {
    case 'user':
      return 'Your access';
    case 'identity':
      return `The identity at the server "${first.split('@')[0]}"`;
    case 'connection':
      return 'The connection of this app';
    case 'host':
      return 'This app';
    case 'server':
      return `The server "${name}"`;
    case 'assignment':
      return `The server "${second}" at the gateway "${first}"`;
    case 'gateway':
      return `The gateway "${name}"`;
    case 'workstation':
      return 'The workstation';
    case 'everything':
      return 'All that goes through this gateway server';
    default:
      return assertNever(kind);
  }
}
