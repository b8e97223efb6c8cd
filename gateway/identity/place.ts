// A remote server as the policy has it now, for the one who signs in there.
import { ServerId, Slug } from '#contract/id.ts';
import type { RemoteServer } from '#contract/policy.ts';
import type { EgressRequest } from '../egress/egress.ts';
import type { StoredPolicy } from '../store/store.ts';

export interface RemotePlace extends Pick<RemoteServer, 'auth' | 'oauth' | 'url'> {
  readonly server: { readonly id: ServerId; readonly slug: Slug };
  readonly title: string;
  readonly origin: string;
  /** How requests for its sake go out, to whomever. */
  readonly out: Pick<EgressRequest, 'server' | 'allowPrivate' | 'way' | 'isSigned'>;
}

/** Undefined where the policy has no such remote server. */
export function remotePlace({ policy, ids }: StoredPolicy, slug: string): RemotePlace | undefined {
  const name = Slug.safeParse(slug);
  const id = ServerId.safeParse(new Map(Object.entries(ids.servers)).get(slug));
  const server = new Map(Object.entries(policy.servers)).get(slug);
  if (!name.success || !id.success || server?.kind !== 'remote') return undefined;
  const { auth, oauth, allowPrivate, url, egress, sign: isSigned, title = slug } = server;
  const out = { server: slug, allowPrivate, way: egress, isSigned };
  return { server: { id: id.data, slug: name.data }, title, auth, oauth, url, out, origin: new URL(url).origin };
}
