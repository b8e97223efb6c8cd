// What asks a running gateway server by its admin API, as whoever has a personal access token. The rule: the token never stands in an argument, and goes to the one
// address that was named.
import { type AdminClient, createAdminClient, type Outcome } from '#contract/admin-client.ts';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { parseOrigin } from '../settings.ts';
import { readSecret } from './secret-input.ts';
import type { Terminal } from './terminal.ts';

export const tokenVariable = 'DRAWBRIDGE_ACCESS_TOKEN';
/** Where `--url` names none. */
export const ownOrigin = 'http://127.0.0.1:7070';
const withinMs = 40_000;

/** The token is read from the environment, else from standard input. Rejects with SETTING_INVALID, and with ADMIN_UNANSWERED or ADMIN_REFUSED where nothing comes of it. */
export async function asOwner<T>(terminal: Terminal, url: string, ask: (client: AdminClient) => Promise<Outcome<T>>): Promise<T> {
  const origin = parseOrigin('--url', url);
  const given = terminal.around.env[tokenVariable];
  const token = given ? new Secret(given) : await readSecret(terminal.input, () => terminal.note('Personal access token: '));
  const client = createAdminClient({
    origin,
    token: reveal(token).trim(),
    // Where it is sent on to was named by nobody.
    fetch: (to, init) => fetch(to, { ...init, redirect: 'error', signal: AbortSignal.timeout(withinMs) }),
  });
  const outcome = await ask(client).catch((cause: unknown) => {
    throw new Fault('ADMIN_UNANSWERED', { origin }, { cause });
  });
  if (!outcome.ok) throw new Fault('ADMIN_REFUSED', { code: outcome.refusal.code, message: outcome.refusal.message });
  return outcome.answer;
}
