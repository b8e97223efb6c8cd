// POST /oauth/register (RFC 7591): a host makes itself known. Anybody may, so it grants nothing: a person still has to consent, and is told that nobody vouches for it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '#contract/error.ts';
import type { ClientList } from '../../sign-in/client-list.ts';
import type { SignInEvents } from '../../sign-in/event.ts';
import { readBody } from '../body.ts';
import { answerJson } from '../error.ts';
import { createFloodGate } from '../flood.ts';
import { readJson } from '../json.ts';

const bodyLimitBytes = 32 * 1024;
const perMinute = 60;

export function createRegisterRoute(deps: {
  clients: ClientList;
  events: SignInEvents;
  now: () => number;
  addressOf: (request: IncomingMessage) => string;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const refuseFlood = createFloodGate({ ...deps, perMinute, what: 'registration of apps' });

  return async (request, response) => {
    refuseFlood(request);
    const address = deps.addressOf(request);
    if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
      throw new Fault('MEDIA_TYPE');
    const body = await readBody(request, bodyLimitBytes);
    try {
      const client = await deps.clients.register(readJson(body).value);
      await deps.events.recordRefusal({
        event: 'client_registered',
        detail: { client: client.client_id, title: client.client_name, address },
      });
      answerJson(response, 201, client);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'CLIENT_REFUSED') throw error;
      const isRedirect = String(error.fields['reason']).startsWith('redirect_uri');
      answerJson(response, 400, {
        error: isRedirect ? 'invalid_redirect_uri' : 'invalid_client_metadata',
        error_description: error.message,
      });
    }
  };
}
