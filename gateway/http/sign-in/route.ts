// The door of sign-in: which address is whose, and what reaches oidc-provider. Only parameters that are known here get there, under the public name of this
// site whatever the request called it, and what goes wrong is told on a page rather than by sending a person somewhere.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Context, type Provider } from 'oidc-provider';
import type { z } from 'zod';
import { asFault, entryOf, Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { knownScopes } from '#contract/scope.ts';
import type { ListedHost } from '#contract/sign-in-file.ts';
import type { Recorder } from '../../audit/record.ts';
import type { SigningKey } from '../../caller/signing-key.ts';
import type { Address } from '../../mcp/address.ts';
import type { Egress } from '../../egress/egress.ts';
import { createAdapter } from '../../sign-in/adapter.ts';
import { type ClientMetadata, clientMetadata, deviceGrant } from '../../sign-in/client.ts';
import { createClientDocuments } from '../../sign-in/client-document.ts';
import { createClientList, findForProtocol } from '../../sign-in/client-list.ts';
import { createConsents } from '../../sign-in/consent.ts';
import { createSignInEvents } from '../../sign-in/event.ts';
import { createFetchDocument } from '../../sign-in/fetch-document.ts';
import { createHostGate } from '../../sign-in/host-gate.ts';
import { createIdentityProvider, type IdentityProviderSettings } from '../../sign-in/identity-provider.ts';
import { createLocalAccounts } from '../../sign-in/local-account.ts';
import { createNewcomers } from '../../sign-in/newcomer.ts';
import { personById } from '../../sign-in/person.ts';
import { createProvider, paths } from '../../sign-in/provider.ts';
import { createServices } from '../../sign-in/machine-account.ts';
import type { Store } from '../../store/store.ts';
import { answerJson, faultHeaders } from '../error.ts';
import type { Missing } from '../mcp.ts';
import { type AccountPages, createAccountPages } from './account.ts';
import { createDevicePages } from './device-page.ts';
import { createFloodGate } from '../flood.ts';
import { createInteractions, type InteractionDeps, type Interactions } from './interaction.ts';
import { challengeOf, resourceMetadata, resourceMetadataPath } from './metadata.ts';
import { answerPage, html, pageHeaders, pageText } from '../page.ts';
import type { PersonSessions } from './person-session.ts';
import { programDoor, recordUnproven } from './program-door.ts';
import { createRegisterRoute } from './register.ts';

export interface SignInDeps {
  readonly publicOrigin: string;
  readonly signingKey: SigningKey;
  readonly store: Store;
  readonly recorder: Recorder;
  readonly identityProviders: readonly IdentityProviderSettings[];
  /** Clients that the administrator listed. */
  readonly hosts: readonly (z.infer<typeof ListedHost> & { readonly clientId: string })[];
  readonly clientDocuments: 'none' | { readonly allowPrivate: readonly string[] };
  readonly registration: 'open' | 'none';
  readonly egress: Pick<Egress, 'send'>;
  readonly sessions: PersonSessions;
  readonly identitiesPath: string;
  readonly isIdentityMissing: InteractionDeps['isIdentityMissing'];
  readonly logger: Logger;
  readonly now: () => number;
  readonly addressOf: (request: IncomingMessage) => string;
}
export interface SignIn {
  /** Answers a request for one of its addresses; undefined where the path is none of them. Rejects where it did not answer. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> | undefined;
  /** The value of WWW-Authenticate for a 401, or a 403 that consent would mend, at an MCP endpoint. */
  challenge(address: Address, why: Missing): string;
  /** A host that nobody listed can sign in, whether or not it has a document. */
  readonly letsAnyHostIn: boolean;
}

type Step = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
const stepPath = /^\/sign-in\/([A-Za-z0-9_-]{43})$/;
const accountPath = /^\/sign-in\/account\/([A-Za-z0-9_-]{43})$/;
const returnPath = /^\/sign-in\/callback\/([a-z0-9_-]{1,40})$/;
/** Of a request to authorize. No form post, no signed request, no nonce: nothing of OpenID Connect is offered to hosts. */
const authorizeParameters: ReadonlySet<string> = new Set(
  'client_id redirect_uri response_type state code_challenge code_challenge_method resource prompt'.split(' '),
);

/** Throws CLIENT_REFUSED where a listed host has a redirect that none may have. */
export function createSignIn(deps: SignInDeps): SignIn {
  const { publicOrigin, store, logger, now, signingKey } = deps;
  const events = createSignInEvents(deps.recorder, now);
  const { clientDocuments } = deps;
  const documents =
    clientDocuments === 'none'
      ? undefined
      : createClientDocuments(createFetchDocument(deps.egress, clientDocuments.allowPrivate), now);
  const clients = createClientList({
    store: store.signIn,
    listed: deps.hosts.map(listedClient),
    documents,
    registration: deps.registration,
    now,
  });
  const consents = createConsents({ store, clients, events, now });
  const hostGate = createHostGate({ store, events, now });
  const newcomers = createNewcomers({ store, events, providers: deps.identityProviders, now });
  const services = createServices({ store, publicOrigin, events, now });
  /** Codes of devices that stand in an address: a page shows them, and oidc-provider would need a script to send them on. */
  const typedIn = new WeakMap<IncomingMessage, string>();
  const kept = createAdapter({
    store: store.signIn,
    events,
    now,
    findClient: async (id) => (await services.find(id)) ?? findForProtocol(clients, id),
    isLetIn: hostGate.isLetIn,
    isFresh: newcomers.isFresh,
    connectService: services.connect,
  });
  const provider = createProvider({
    publicOrigin,
    signingKey,
    ...kept,
    hasDocuments: documents !== undefined,
    hasRegistration: deps.registration === 'open',
    isUser: async (id) => (await personById(store, id)) !== undefined,
    remembered: async (of) => ((await hostGate.isLetIn(of.client)) ? consents.remembered(of) : undefined),
    renderError: renderProviderError,
    onFailure: (error) => logger.error({ err: error }, 'sign-in failed'),
    devicePages: createDevicePages({ clients, events, codeIn: (request) => typedIn.get(request) }),
  });
  provider.on('authorization.error', keepHere);
  recordUnproven(provider, { events, logger, addressOf: deps.addressOf });
  const identityProviders = deps.identityProviders.map((settings) =>
    createIdentityProvider(settings, {
      egress: deps.egress,
      returnTo: `${publicOrigin}${paths.signIn}/callback/${settings.slug}`,
      now,
      onFailure: (error) => logger.warn({ err: error, identityProvider: settings.slug }, 'an identity provider failed'),
    }),
  );
  const accounts = createLocalAccounts({ store: store.signIn, signingKey, now });
  const accountPages = createAccountPages({ accounts, events });
  const interactions = createInteractions({
    ...deps,
    provider,
    clients,
    consents,
    hostGate,
    newcomers,
    events,
    identityProviders,
    accounts,
    // Each costs a fifth of a second and 64 MiB, so that a few addresses could keep everybody else from it.
    refuseAttempts: createFloodGate({ perMinute: 20, what: 'passwords', now, addressOf: deps.addressOf }),
  });
  const register = createRegisterRoute({ clients, events, now, addressOf: deps.addressOf });
  const authorize = underPublicName(provider, publicOrigin, deps.addressOf);
  // Offices share an address, so it is a generous one.
  const refuseFlood = createFloodGate({ perMinute: 600, what: 'sign-ins', now, addressOf: deps.addressOf });

  const refuseTokenFlood = createFloodGate({ perMinute: 600, what: 'tokens', now, addressOf: deps.addressOf });
  const refuseDeviceFlood = createFloodGate({ perMinute: 60, what: 'devices', now, addressOf: deps.addressOf });
  // Nobody types that often, and all together guess one of 20^8 codes in 10 minutes only by a great chance.
  const refuseGuesses = createFloodGate({ perMinute: 20, what: 'codes of devices', now, addressOf: deps.addressOf });
  const refuseAllGuesses = createFloodGate({ perMinute: 600, what: 'codes of devices', now, addressOf: () => 'everybody' });
  const triedCode = bounded(bounded(authorize, refuseGuesses), refuseAllGuesses);

  const exact: Readonly<Record<string, { readonly method: string; readonly step: Step; readonly isPage?: true }>> = {
    '/.well-known/oauth-authorization-server': { method: 'GET', step: authorize },
    '/.well-known/openid-configuration': { method: 'GET', step: authorize },
    [paths.keys]: { method: 'GET', step: authorize },
    [paths.authorize]: { method: 'GET', step: onlyKnown(authorize, refuseFlood), isPage: true },
    [paths.deviceAuthorization]: { method: 'POST', step: programDoor(authorize, refuseDeviceFlood) },
    [paths.token]: { method: 'POST', step: programDoor(authorize, refuseTokenFlood) },
    [paths.revoke]: { method: 'POST', step: programDoor(authorize, refuseTokenFlood) },
    ...(deps.registration === 'open' ? { [paths.register]: { method: 'POST', step: register } } : {}),
  };

  function stepFor(path: string, request: IncomingMessage): { step: Step; isPage: boolean } | undefined {
    const found = Object.hasOwn(exact, path) ? exact[path] : undefined;
    if (found) return { step: only(found.method, found.step), isPage: found.isPage ?? false };
    if (path.startsWith(`${paths.authorize}/`) || path.startsWith(`${paths.device}/`))
      return { step: only('GET', authorize), isPage: true };
    if (path === paths.device) return { step: request.method === 'POST' ? triedCode : only('GET', typeIn), isPage: true };
    if (path.startsWith(`${resourceMetadataPath}/`)) return { step: only('GET', describe), isPage: false };
    if (path === paths.signIn) return { step: ownStep(request, interactions, refuseFlood), isPage: true };
    const step = accountStep(path, request, accountPages) ?? pageStep(path, request, interactions, publicOrigin);
    return step && { step, isPage: true };
  }

  async function typeIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const code = new URL(request.url ?? '/', publicOrigin).searchParams.get('user_code');
    if (code !== null) typedIn.set(request, code.slice(0, 20));
    request.url = paths.device;
    await authorize(request, response);
  }

  async function describe(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const metadata = resourceMetadata(publicOrigin, request.url ?? '');
    if (!metadata) throw new Fault('NOT_FOUND');
    answerJson(response, 200, metadata);
  }

  return {
    answer(request, response, path) {
      const found = stepFor(path, request);
      if (!found) return undefined;
      return found.step(request, response).catch((error: unknown) => {
        if (!found.isPage || response.headersSent) throw error;
        const reference = newId();
        const fault = asFault(error, reference);
        if (fault.code === 'INTERNAL') logger.error({ err: fault.cause ?? fault, reference }, 'sign-in failed');
        answerFaultPage(response, fault);
      });
    },
    challenge: (address, why) => challengeOf(publicOrigin, address, why),
    letsAnyHostIn: deps.registration === 'open',
  };
}

function pageStep(path: string, request: IncomingMessage, interactions: Interactions, origin: string): Step | undefined {
  const url = new URL(request.url ?? '/', origin);
  const uid = stepPath.exec(path)?.[1];
  if (uid !== undefined) {
    if (request.method === 'POST') return (asked, response) => interactions.answer(asked, response, uid);
    return only('GET', (asked, response) => interactions.show(asked, response, uid, url.searchParams));
  }
  const provider = returnPath.exec(path)?.[1];
  return provider === undefined
    ? undefined
    : only('GET', (asked, response) => interactions.arrive(asked, response, provider, url));
}

/** Anybody may begin this, so it has a bound as a host's sign-in has. */
function ownStep({ method }: IncomingMessage, interactions: Interactions, refuseFlood: (request: IncomingMessage) => void): Step {
  if (method === 'POST') return (asked, response) => interactions.answerOwn(asked, response);
  return only('GET', async (asked, response) => {
    refuseFlood(asked);
    const { searchParams } = new URL(asked.url ?? '/', 'http://localhost');
    await interactions.showOwn(asked, response, searchParams);
  });
}

function accountStep(path: string, request: IncomingMessage, pages: AccountPages): Step | undefined {
  const link = accountPath.exec(path)?.[1];
  if (link === undefined) return undefined;
  if (request.method === 'POST') return (asked, response) => pages.make(asked, response, link);
  return only('GET', (_, response) => pages.show(response, link));
}

function only(method: string, step: Step): Step {
  return async (request, response) => {
    if (request.method !== method) throw new Fault('METHOD_NOT_ALLOWED', { allow: method });
    await step(request, response);
  };
}

function bounded(step: Step, refuseFlood: (request: IncomingMessage) => void): Step {
  return async (request, response) => {
    refuseFlood(request);
    await step(request, response);
  };
}

/** The links that oidc-provider makes, and the cookies that it sets, are those of the public address; who asks is whom we take for it. */
function underPublicName(provider: Provider, publicOrigin: string, addressOf: SignInDeps['addressOf']): Step {
  const { host, protocol } = new URL(publicOrigin);
  const answer = provider.callback();
  return async (request, response) => {
    // Not written into those that it has: other requests of its connection have the same.
    request.headers = {
      ...request.headers,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
      'x-forwarded-for': addressOf(request),
    };
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    await answer(request, response);
  };
}

/** Leaves what is not known here out, and asks for scopes that there are, whatever a host wrote. */
function onlyKnown(step: Step, refuseFlood: (request: IncomingMessage) => void): Step {
  return async (request, response) => {
    refuseFlood(request);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const known = [...url.searchParams].filter(([name]) => authorizeParameters.has(name));
    request.url = `${url.pathname}?${new URLSearchParams([...known, ['scope', knownScopes(url.searchParams.get('scope'))]])}`;
    await step(request, response);
  };
}

/** Anybody can register a client: until a person has decided, nobody is sent to where one says (RFC 9700 section 4.11.2). */
function keepHere(ctx: Context, error: unknown): void {
  if (ctx.oidc.route !== 'resume' && error instanceof Error) Object.assign(error, { allow_redirect: false });
}

function renderProviderError(ctx: Context, of: { readonly error: string; readonly error_description?: string }): void {
  ctx.set(pageHeaders());
  // It would be a redirect, had it not been kept here: a page with such a status leads nowhere.
  if (ctx.status >= 300 && ctx.status < 400) ctx.status = 400;
  ctx.body = pageText(
    'This sign-in can not go on',
    html`<p>${of.error_description ?? 'The request of your app is not valid.'}</p>
      <p><code>${of.error}</code></p>
      <p>Nothing was allowed. Go back to your app and connect again.</p>`,
  );
}

function answerFaultPage(response: ServerResponse, fault: Fault): void {
  const { status } = entryOf(fault.code);
  // Nothing is lost yet: the app waits, and the address of this page leads back to where its person was.
  const isWaiting = fault.code === 'CLIENT_UNREACHED';
  for (const [name, value] of Object.entries(faultHeaders(fault))) response.setHeader(name, value);
  answerPage(response, {
    status,
    title: isWaiting ? 'This sign-in has to wait' : 'This sign-in can not go on',
    body: html`<p role="alert">${fault.message}</p>
      ${isWaiting ? html`<p>Nothing was allowed yet. Load this page again in a moment: your app waits for ten minutes.</p>` : undefined}
      <p><code>${fault.code}</code></p>`,
  });
}

function listedClient({ clientId, title, redirectUris, device, ...proof }: SignInDeps['hosts'][number]): ClientMetadata {
  const begins = [...(redirectUris.length > 0 ? ['authorization_code'] : []), ...(device ? [deviceGrant] : [])];
  const claim = { client_name: title, redirect_uris: [...redirectUris], grant_types: [...begins, 'refresh_token'] };
  return clientMetadata(clientId, claim, proof);
}
