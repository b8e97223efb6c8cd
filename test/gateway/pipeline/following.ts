// A server that says nothing beside its answers, for tests that look at other things.
import type { Following } from '../../../gateway/upstream/upstream.ts';

export const followsNothing = (): Following => ({
  isSettled: true,
  refresh: () => undefined,
  subscribe: () => Promise.reject(new Error('it says nothing')),
  watch: () => Promise.reject(new Error('it says nothing')),
  unwatch: () => undefined,
  close: () => undefined,
});
