// What follows from what: the profile decides the device's gateway, that decides what the hosts' configs should say, and those say which local servers there are.
// Rule: one settling at a time; what is asked for meanwhile is done once, afterwards, from the earliest part that was asked for. Local servers have a turn of
// their own: resolving one may install a package, and a config that was changed meanwhile must not wait for that.
import type { Logger } from 'pino';

/** From where on to look again: everything, the hosts' configs and what follows, or the local servers alone. */
export type From = 'profile' | 'hosts' | 'servers';

export interface Settlers {
  /** The device where it is asked for, and the hosts' configs. */
  settle(from: 'profile' | 'hosts'): Promise<void>;
  resolveServers(): Promise<void>;
  /** A settling failed: what it should have found out is unknown now, and must not pass for fine. */
  onFailed(from: From, error: unknown): void;
}

export interface Settling {
  /** Resolves when a settling that began after this call is over. Never rejects. */
  ask(from: From): Promise<void>;
  /** Runs a task between two settlings and resolves or rejects as it does. */
  between<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export function createSettling(settlers: Settlers, signal: AbortSignal, logger: Logger): Settling {
  const asked = new Set<From>();
  let hosts: Promise<void> = Promise.resolve();
  let servers: Promise<void> = Promise.resolve();
  const attempt = async (from: From, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ err: error, from }, 'settling failed');
      settlers.onFailed(from, error);
    }
  };
  const nextHosts = async (): Promise<void> => {
    const from = asked.has('profile') ? 'profile' : 'hosts';
    if (!asked.has(from) || signal.aborted) return;
    asked.delete('profile');
    asked.delete('hosts');
    await attempt(from, () => settlers.settle(from));
  };
  const nextServers = async (): Promise<void> => {
    if (!asked.delete('servers') || signal.aborted) return;
    await attempt('servers', () => settlers.resolveServers());
  };
  const askServers = (): Promise<void> => {
    asked.add('servers');
    servers = servers.then(nextServers);
    return servers;
  };
  return {
    ask(from) {
      if (from === 'servers') return askServers();
      asked.add(from);
      hosts = hosts.then(nextHosts);
      return hosts.then(askServers);
    },
    between(task) {
      const done = hosts.then(task);
      hosts = done.then(
        () => undefined,
        () => undefined,
      );
      return done;
    },
    async idle() {
      await hosts;
      await servers;
    },
  };
}
