// One whole answer through the guard for addresses: what is fetched of metadata and tokens. It is bounded in size, and in time as a whole.
// Rule: whoever asks gets an answer or a fault within the time, whatever the far end does.
import { Fault } from '#contract/error.ts';
import type { Egress, EgressRequest, ResponseHead } from './egress.ts';

export interface Whole extends ResponseHead {
  readonly body: Buffer;
}

/** Rejects with what egress fails with, and SERVER_TIMEOUT. */
export function readWhole(
  egress: Pick<Egress, 'send'>,
  request: Omit<EgressRequest, 'idleWithinMs'>,
  withinMs: number,
  signal?: AbortSignal,
): Promise<Whole> {
  const { server } = request;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: ResponseHead | undefined;
    const giveUp = (fault: Fault) => {
      exchange.abort();
      settle();
      reject(fault);
    };
    const late = setTimeout(
      () => giveUp(new Fault('SERVER_TIMEOUT', { server, seconds: withinMs / 1000, meanwhile: '' })),
      withinMs,
    );
    const onAbort = () => giveUp(new Fault('CANCELLED'));
    const settle = () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', onAbort);
    };
    const exchange = egress.send(
      { ...request, idleWithinMs: withinMs },
      {
        onSent() {},
        onHead: (told) => void (head = told),
        onData: (chunk) => void chunks.push(chunk),
        onEnd() {
          settle();
          if (head) resolve({ ...head, body: Buffer.concat(chunks) });
          else reject(new Fault('UPSTREAM_LOST', { server }));
        },
        onFault(fault) {
          settle();
          reject(fault);
        },
      },
    );
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
