// Records of what happens when hosts sign in. Never a token, a code or an address with one in it; refusals are cheap to provoke from outside, so they
// have a bound: what is over it is counted, and the next record of its kind says how many there were.
import type { EventRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import { newRecordId } from '#contract/id.ts';
import type { Recorder } from '../audit/record.ts';
import type { Connection } from '../store/sign-in.ts';

export interface SignInEvent {
  readonly event:
    | 'client_registered'
    // somebody came as a client and did not prove it
    | 'client_unproven'
    | 'signed_in'
    | 'sign_in_refused'
    // a user whom an identity provider made; the teams that somebody's groups give them
    | 'person_made'
    | 'teams_of_groups'
    // from now on a user comes by this account at their identity provider
    | 'account_bound'
    | 'local_account_made'
    // a code that a device shows was typed in, and is none (any more)
    | 'device_code_refused'
    | 'consent_given'
    | 'consent_denied'
    | 'host_token_issued'
    | 'host_token_refreshed'
    | 'service_token_issued'
    | 'host_tokens_revoked'
    // a code or a refresh token that was used before came back, so all tokens of that sign-in end
    | 'spent_token_replayed';
  readonly user?: NonNullable<EventRecord['user']> | null;
  readonly code?: ErrorCode | null;
  readonly detail?: EventRecord['detail'];
}
export interface SignInEvents {
  /** Rejects with AUDIT_UNAVAILABLE, and then what it tells of must not happen. */
  record(event: SignInEvent): Promise<void>;
  /** For what anybody can provoke: at most 120 of a kind a minute. */
  recordRefusal(event: SignInEvent): Promise<void>;
}

const refusalsPerMinute = 120;

export function createSignInEvents(recorder: Pick<Recorder, 'append'>, now: () => number): SignInEvents {
  /** Of each kind by itself, so that many of one hide none of another. */
  const counts = new Map<SignInEvent['event'], { minute: number; inMinute: number; uncounted: number }>();

  function record(of: SignInEvent): Promise<void> {
    const { event, user = null, code = null, detail = {} } = of;
    const at = now();
    return recorder.append({ version: 1, kind: 'event', id: newRecordId(at), at, event, user, workstation: null, code, detail });
  }
  return {
    record,
    async recordRefusal(of) {
      const current = Math.floor(now() / 60_000);
      const count = counts.get(of.event) ?? { minute: current, inMinute: 0, uncounted: 0 };
      counts.set(of.event, count);
      if (count.minute !== current) [count.minute, count.inMinute] = [current, 0];
      if (++count.inMinute > refusalsPerMinute) {
        count.uncounted++;
        return;
      }
      const detail = count.uncounted === 0 ? of.detail : { ...of.detail, notRecordedBefore: count.uncounted };
      count.uncounted = 0;
      await record({ ...of, ...(detail === undefined ? {} : { detail }) });
    },
  };
}

/** What every record of a connection tells. */
export function connectionDetail({ id, client, host, gateway }: Connection): EventRecord['detail'] {
  return { connection: id, client, host, gateway };
}
