// A sink that is a syslog receiver over TLS (RFC 5425). The protocol acknowledges nothing, so each batch has a connection of its own: it counts as delivered when the
// receiver has read to our end of it and ended its own side.
// The rule: a receiver that ends in any other way got nothing, as far as we know; and what it got just before it failed is sent again.
import { once } from 'node:events';
import { Fault } from '#contract/error.ts';
import type { Egress } from '../egress/egress.ts';
import type { Receiver } from './receiver.ts';
import { inSlices } from '../slice.ts';
import { type About, frameOf } from './syslog-message.ts';

export interface SyslogDeps {
  /** HOST:PORT. */
  readonly address: string;
  readonly ca: string | undefined;
  readonly about: About;
  readonly sink: string;
  readonly allowPrivate: readonly string[];
  readonly way: string | undefined;
  readonly egress: Pick<Egress, 'open'>;
  readonly withinMs?: number;
}

export function createSyslog(deps: SyslogDeps): Receiver {
  const { address, ca, about, sink, allowPrivate, way, egress, withinMs = 30_000 } = deps;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));

  return {
    batch: { records: 500, bytes: 1_000_000 },
    rewindMs: 5_000,
    async deliver(items, signal) {
      const frames = await inSlices(items, (some) => Buffer.concat(some.map((item) => frameOf(item, about))));
      const within = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
      try {
        const socket = await egress.open({ host, port, ca, server: sink, allowPrivate, way, signal: within });
        try {
          // Whoever listens only once all is written may miss an end that came at once.
          const protocol = socket.getProtocol();
          const ended = once(socket, 'end', { signal: within });
          socket.resume();
          socket.end(Buffer.concat(frames));
          await ended;
          return { kind: 'delivered', answer: `${protocol}, read to its end` };
        } finally {
          socket.destroy();
        }
      } catch (error) {
        return { kind: 'later', reason: reasonOf(error, within.aborted) };
      }
    },
    close: () => Promise.resolve(),
  };
}

function reasonOf(error: unknown, isLate: boolean): string {
  if (error instanceof Fault && error.fields['reason'] !== undefined) return String(error.fields['reason']);
  return isLate ? 'it did not read to the end in time' : 'the connection was lost before it read to the end';
}
