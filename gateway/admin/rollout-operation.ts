// How far the rollout is, for the API and the command line alike: read from the database alone, so that it works beside a running gateway server and without one.
import type { Rollout, rolloutOperations } from '#contract/admin-rollout.ts';
import { Slug, UserId } from '#contract/id.ts';
import type { Store } from '../store/store.ts';
import type { HandlersFor } from './context.ts';
import { engineStatus } from './engine-secret.ts';
import { rolloutOf } from './rollout.ts';
import { listSinks } from './sink.ts';

export const rolloutHandlers: HandlersFor<typeof rolloutOperations> = {
  'rollout.check': ({ store, now }, { query }) => readRollout(store, { isAllMeant: query.all === 'yes', now: now() }),
};

const callsOfEach = 50;

export async function readRollout(
  store: Store,
  { isAllMeant, now }: { readonly isAllMeant: boolean; readonly now: number },
): Promise<Rollout> {
  const { policy, ids } = await store.policy();
  const slugs = new Map(Object.entries(ids.users).map(([slug, id]) => [UserId.parse(id), Slug.parse(slug)]));
  const [workstations, postures, newest, sinks, engines] = await Promise.all([
    store.workstations(),
    store.postures(),
    store.newestCalls([...slugs.keys()], callsOfEach),
    listSinks(store, now),
    engineStatus(store, policy),
  ]);
  const calls = [...newest].flatMap(([id, records]) => {
    const user = slugs.get(id);
    if (user === undefined) return [];
    return records.flatMap(({ gateway, decision, at }) =>
      gateway !== null && decision === 'allowed' ? [{ user, gateway: gateway.name, at }] : [],
    );
  });
  return rolloutOf({ policy, workstations, postures, calls, sinks, engines, isAllMeant, now });
}
