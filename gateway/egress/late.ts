// The way out, whose program may still have to be loaded: most of what a gateway server serves needs none. The rule: it does as the way out itself does; what it is asked
// before goes out in the order in which it came, and what was given up meanwhile does not.
import { Fault } from '#contract/error.ts';
import type { Egress, Exchange } from './egress.ts';

/** `open` makes it once, however often it is asked. */
export function createLateEgress(open: () => Promise<Egress>): Egress {
  let opening: Promise<Egress> | undefined;
  let egress: Egress | undefined;
  const opened = (): Promise<Egress> => (opening ??= open().then((made) => (egress = made)));

  return {
    send(request, receiver) {
      if (egress) return egress.send(request, receiver);
      let exchange: Exchange | undefined;
      let isOver = false;
      opened().then(
        (made) => {
          if (!isOver) exchange = made.send(request, receiver);
        },
        (cause: unknown) => {
          if (!isOver) receiver.onFault(new Fault('UPSTREAM_UNREACHABLE', { server: request.server, reason }, { cause }));
        },
      );
      return {
        abort() {
          isOver = true;
          exchange?.abort();
        },
      };
    },
    open: async (request) => (await opened()).open(request),
    async close() {
      await (await opening)?.close();
    },
  };
}

const reason = 'this gateway server could not load what calls it';
