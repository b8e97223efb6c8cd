// Sinks: where records are sent. What the policy says of them is changed like all of it; secrets, tests and what was set aside are beside it.
import type { sinkOperations } from '#contract/admin-sink.ts';
import { Secret } from '#contract/secret.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { policyNoun } from './policy-noun.ts';
import { resendParked } from './sink-resend.ts';
import { testSink } from './sink-test.ts';
import { listSinks, setSinkSecret } from './sink.ts';

const sinks = policyNoun({
  what: 'sink',
  plural: 'sinks',
  values: (policy) => policy.sinks ?? {},
  put: (policy, values) => ({ ...policy, sinks: values }),
  show: (slug, sink) => ({ slug, sink }),
});

/** A test may wait for an acknowledgement as long as sending does. */
const byHandWithinMs = 60_000;
const sending = ({ store, actor, reason, keys, sinkParts }: AdminContext, slug: string) => ({
  ...sinkParts,
  store,
  actor,
  reason,
  keys,
  slug,
  signal: AbortSignal.timeout(byHandWithinMs),
});

export const sinkHandlers: HandlersFor<typeof sinkOperations> = {
  'sinks.list': async ({ store }, { query }) => sinks.list(await store.filedPolicy(), query),
  'sinks.read': async ({ store }, { params }) => sinks.read(await store.filedPolicy(), params.sink),
  'sinks.create': (context, { body: { slug, sink } }) => sinks.create(context, slug, sink),
  'sinks.replace': (context, { params, body }) => sinks.replace(context, params.sink, body),
  async 'sinks.remove'(context, { params }) {
    await sinks.remove(context, params.sink);
    return { done: true };
  },
  'sinks.status': async ({ store, now }) => ({ items: [...(await listSinks(store, now()))] }),
  'sinks.set-secret': (context, { params, body: { header, value } }) =>
    setSinkSecret(context, { keys: context.keys, slug: params.sink, header, value: new Secret(value), now: context.now() }),
  'sinks.test': (context, { params }) => testSink(sending(context, params.sink)),
  async 'sinks.resend'(context, { params }) {
    const resent = await resendParked(sending(context, params.sink));
    return { ...resent, left: [...resent.left] };
  },
};
