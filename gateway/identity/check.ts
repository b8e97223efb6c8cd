// What a remote server wants of who calls, held against what the policy says of it. It only asks: nothing is registered, and nobody signs in.
import { Fault } from '#contract/error.ts';
import type { RemoteServer } from '#contract/policy.ts';
import { clientSource, redirectOf } from './client.ts';
import type { Wants } from './discovery.ts';
import type { SignInParts } from './open.ts';
import { type RemotePlace, remotePlace } from './place.ts';

export interface ServerCheck {
  readonly server: string;
  readonly wants: Wants['kind'];
  readonly auth: RemoteServer['auth'];
  /** Whether calls that follow the policy give the server what it wants. */
  readonly fits: boolean;
  readonly issuer?: string;
  /** How this gateway server becomes known at the authorization server. */
  readonly client?: string;
  readonly scope?: string;
  /** What has to be registered where an administrator does that. */
  readonly redirect?: string;
}

/** Rejects with NAME_UNKNOWN, or with why the server could not be asked. */
export async function checkServer({ store, discovery, publicOrigin }: SignInParts, server: string): Promise<ServerCheck> {
  const place = remotePlace(await store.policy('nobody'), server);
  if (!place) throw new Fault('NAME_UNKNOWN', { what: 'remote server', name: server, hint: 'Apply a policy that names it.' });
  const wants = await discovery.wantsOf(place);
  const found = { server, wants: wants.kind, auth: place.auth, fits: fitsWith(place, wants.kind) };
  if (wants.kind !== 'oauth') return found;
  const client = clientSource(publicOrigin, place, wants.server);
  return {
    ...found,
    fits: found.fits && client !== undefined,
    issuer: wants.server.issuer,
    client: client ?? 'not at all: an administrator has to register it there, and name it in oauth.clientId',
    ...(wants.scope === undefined ? {} : { scope: wants.scope }),
    redirect: redirectOf(publicOrigin, server),
  };
}

function fitsWith({ auth }: RemotePlace, wants: Wants['kind']): boolean {
  return auth === 'auto' || auth === (wants === 'open' ? 'none' : wants);
}
