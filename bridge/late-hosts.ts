// The AI hosts of this home, whose program is loaded when they are first looked at: it reads JSON, TOML and YAML, which is a quarter of all that the agent loads, and no
// call needs it. The rule: it does as managed-hosts.ts does, and what could not be loaded (too many open files) is loaded again when it is next asked for.
import type { ManagedHosts, ManagedHostsDeps } from './managed-hosts.ts';

export function createLateHosts(deps: ManagedHostsDeps): ManagedHosts {
  let loading: Promise<ManagedHosts> | undefined;
  const loaded = (): Promise<ManagedHosts> => (loading ??= load(deps).catch(forget));
  const forget = (error: unknown): never => {
    loading = undefined;
    throw error;
  };
  return {
    settle: async () => (await loaded()).settle(),
    restarts: async () => (await loaded()).restarts(),
    places: async () => (await loaded()).places(),
    diff: async (host) => (await loaded()).diff(host),
    undo: async (host) => (await loaded()).undo(host),
    converge: async (host) => (await loaded()).converge(host),
  };
}

async function load(deps: ManagedHostsDeps): Promise<ManagedHosts> {
  const { createManagedHosts } = await import('./managed-hosts.ts');
  return createManagedHosts(deps);
}
