// Which upstream serves an assignment: workstation servers over their tunnels, remote ones over HTTP.
import type { Assignment } from '../call.ts';
import type { Upstream } from './upstream.ts';

/** Closes both. */
export function byKind(workstation: Upstream, remote: Upstream): Upstream {
  const of = ({ assignment }: { readonly assignment: Assignment }) => (assignment.remote ? remote : workstation);
  return {
    call: (call, request, trace, signal) => of(call).call(call, request, trace, signal),
    tell: (call, notification, trace, signal) => of(call).tell(call, notification, trace, signal),
    list: (listing, ...asked) => of(listing).list(listing, ...asked),
    meet: (listing, ...asked) => of(listing).meet(listing, ...asked),
    about: (listing) => of(listing).about(listing),
    follow: (listing, hearer, isAgain) => of(listing).follow(listing, hearer, isAgain),
    hear(conversation, news) {
      for (const kind of [workstation, remote]) kind.hear(conversation, news);
    },
    release(conversation) {
      workstation.release(conversation);
      remote.release(conversation);
    },
    async close() {
      await Promise.all([workstation.close(), remote.close()]);
    },
  };
}
