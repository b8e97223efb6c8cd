// What a remote server says that takes no more for now (429): that it asks to wait, and for how long where it says that. The rule: its word is bounded, so
// that no server sends hosts away for good.
import { Fault } from '#contract/error.ts';
import { retryAfterMs } from '../egress/retry-after.ts';

const longestSeconds = 86_400;

/** `retryAfter`: the value of the header. `seconds` of the fault: from 1 to those of a day; absent where it says nothing that can be read. */
export function upstreamBusy(server: string, retryAfter: string | undefined): Fault {
  const waitMs = retryAfterMs(retryAfter);
  if (waitMs === undefined) return new Fault('UPSTREAM_BUSY', { server, when: 'in a moment' });
  const seconds = Math.min(Math.max(Math.ceil(waitMs / 1000), 1), longestSeconds);
  return new Fault('UPSTREAM_BUSY', { server, when: `in ${seconds} s`, seconds });
}
