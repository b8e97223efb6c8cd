// A remote upstream over a real way out, and calls that policy allowed, for tests whose servers are scripted.
import type { ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { GatewayId, newId, ServerId, Slug, TokenId, UserId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import type { AllowedCall, AllowedListing, Remote } from '../../../gateway/call.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import type { Identities } from '../../../gateway/identity/identities.ts';
import { identityFault } from '../../../gateway/identity/words.ts';
import { type NotificationMessage, readMessage, type RequestMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createRemoteUpstream } from '../../../gateway/upstream/remote.ts';
import type { Trace, Upstream } from '../../../gateway/upstream/upstream.ts';
import type { Heard, Seen } from '../../fake/remote/listen.ts';

const ids = { gateway: GatewayId.parse(newId()), server: ServerId.parse(newId()), user: UserId.parse(newId()) };

export function upstreamFor(value = 'precious', change: Partial<Identities> = {}, anewAfterMs?: number): Upstream {
  const egress = createEgress({ onRefused: () => undefined });
  const identity = { id: 'one', setAt: 1, isSignIn: false, value: new Secret(value) };
  const identities: Identities = {
    identity: () => identity,
    renewRefused: () => Promise.resolve(false),
    want: () => Promise.resolve(),
    refusal: (whose, { status }) => identityFault('IDENTITY_REFUSED', whose, undefined, { status }),
    ...change,
  };
  const upstream = createRemoteUpstream({
    egress,
    identities,
    messageLimitBytes: 65_536,
    onDropped: () => undefined,
    screen: (_, body, tell) => tell(body),
    ...(anewAfterMs !== undefined && { anewAfterMs }),
  });
  onTestFinished(async () => {
    await upstream.close();
    await egress.close();
  });
  return upstream;
}

export function allowed(
  server: Heard,
  change: { auth?: Remote['auth']; timeoutMs?: number; body?: object } = {},
): AllowedCall & AllowedListing {
  const { auth, timeoutMs = 5000 } = change;
  const body = change.body ?? {
    jsonrpc: '2.0',
    id: 'h1',
    method: 'tools/call',
    params: { name: 'echo', _meta: { traceparent: '00-a-b-01' } },
  };
  const call = {
    era: 'legacy',
    method: 'tools/call',
    target: { gateway: Slug.parse('eng'), server: undefined },
    body: Buffer.from(JSON.stringify(body)),
    arrivedAt: { monotonic: 0, wall: 0 },
    caller: {
      user: { id: ids.user, slug: Slug.parse('ada') },
      host: 'test',
      token: TokenId.parse(newId()),
      gateway: Slug.parse('eng'),
      via: 'http',
      workstation: null,
    },
    conversation: 'one',
    item: { kind: 'tools', name: 'echo' },
    assignment: {
      gateway: { id: ids.gateway, slug: Slug.parse('eng') },
      server: { id: ids.server, slug: Slug.parse('tracker') },
      shareable: false,
      timeoutMs,
      reach: 'caller',
      remote: {
        url: `${server.origin}/mcp`,
        origin: server.origin,
        allowPrivate: ['127.0.0.1'],
        transport: 'auto',
        egress: undefined,
        isSigned: false,
        auth,
      },
      provisions: () => true,
      exposes: () => true,
    },
  };
  return call as unknown as AllowedCall & AllowedListing;
}

export function call(upstream: Upstream, of: AllowedCall, trace: Trace = {}, signal = new AbortController().signal) {
  return upstream.call(of, readMessage(of.body) as RequestMessage, trace, signal);
}
/** A foreign notification of the same host. */
export function tell(upstream: Upstream, server: Heard, trace: Trace, signal = new AbortController().signal, timeoutMs = 5000) {
  const of = allowed(server, { timeoutMs, body: { jsonrpc: '2.0', method: 'vendor/heard' } });
  return upstream.tell(of, readMessage(of.body) as NotificationMessage, trace, signal);
}
export const asJson = (response: ServerResponse, message: object, status = 200, headers: Record<string, string> = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ jsonrpc: '2.0', ...message }));
export const said = ({ body }: Seen) =>
  (body === '' ? {} : JSON.parse(body)) as { id?: number; method?: string; params?: { name?: string } };
