// What programs post when they want tokens or give them up: anybody can, so each address has a bound, told as OAuth tells it, and a client that is not proven to be
// itself is on record. The rule: nothing that was sent to prove it goes into that record, nor a name that is no client's.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Context, Provider } from 'oidc-provider';
import { entryOf, Fault } from '#contract/error.ts';
import type { SignInEvents } from '../../sign-in/event.ts';
import { answerJson, faultHeaders } from '../error.ts';

type Step = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** `step`, where the address is below its bound; else 429 with Retry-After. */
export function programDoor(step: Step, refuseFlood: (request: IncomingMessage) => void): Step {
  return async (request, response) => {
    try {
      refuseFlood(request);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'TOO_OFTEN') throw error;
      for (const [name, value] of Object.entries(faultHeaders(error))) response.setHeader(name, value);
      // RFC 6749 has no word for it at this place; with this one a client keeps what it has and comes again.
      return answerJson(response, entryOf(error.code).status, {
        error: 'temporarily_unavailable',
        error_description: error.message,
      });
    }
    await step(request, response);
  };
}

export function recordUnproven(
  provider: Pick<Provider, 'on'>,
  deps: { events: SignInEvents; logger: Logger; addressOf: (request: IncomingMessage) => string },
): void {
  for (const event of ['grant.error', 'revocation.error', 'device_authorization.error'])
    provider.on(event, (ctx: Context, error: unknown) => {
      // A client that is known and proven, but may not have what it asks for, has another status.
      if (!(error instanceof Error) || error.message !== 'invalid_client' || ctx.status !== 401) return;
      const detail = { client: ctx.oidc.client?.clientId ?? 'unknown', address: deps.addressOf(ctx.req) };
      deps.events
        .recordRefusal({ event: 'client_unproven', code: 'UNAUTHENTICATED', detail })
        .catch((cause: unknown) => deps.logger.error({ err: cause }, 'a refused client is not on record'));
    });
}
