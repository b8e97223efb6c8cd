// The addresses where people look after their identities at remote servers, and where those servers' authorization servers send them back to. Whatever
// changes something is a form that proves it comes from our page, in the browser of the person whom it is about.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { asFault, entryOf, Fault } from '#contract/error.ts';
import { IdentityId, newId, Slug } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { callbackPath, clientDocument, documentPath } from '../../identity/client.ts';
import type { SignInParts } from '../../identity/open.ts';
import { ownIdentities } from '../../identity/own.ts';
import { removeAndRevoke } from '../../identity/removal.ts';
import { readLink, sharedLinkPath, spendLink } from '../../identity/shared-link.ts';
import { createUpstreamSignIns } from '../../identity/sign-in.ts';
import { identitiesPath } from '../../identity/words.ts';
import type { Person } from '../../sign-in/person.ts';
import { keepIdentity, tokenObjection } from '../../vault/keep.ts';
import { readBody } from '../body.ts';
import { answerJson } from '../error.ts';
import { cookieOf, setCookie } from '../cookie.ts';
import { answerPage, html, seeOther } from '../page.ts';
import { isProof, type PersonSession, type PersonSessions, proofFor } from '../sign-in/person-session.ts';
import { identitiesBody, sharedBody } from './page.ts';

export interface IdentityPagesDeps extends SignInParts {
  readonly sessions: PersonSessions;
  readonly logger: Logger;
  /** Whether people can sign in here at all. */
  readonly hasSignIn: boolean;
}
export interface IdentityPages {
  /** Answers a request for one of its addresses; undefined where the path is none of them. Rejects where it did not answer. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> | undefined;
  /** Whether a person lacks an identity of their own at a server of this gateway. */
  isMissing(person: Person, gateway: string): Promise<boolean>;
}

type Step = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
const bodyLimitBytes = 32 * 1024;

export function createIdentityPages(deps: IdentityPagesDeps): IdentityPages {
  const { store, vault, keys, record, sessions, now, publicOrigin } = deps;
  const isSecure = publicOrigin.startsWith('https:');
  const linkCookie = isSecure ? '__Host-link' : 'drawbridge-link';
  const signIns = createUpstreamSignIns(deps);
  // A form may end at an authorization server, and which that is the server itself says.
  const formTargets = ['https:', ...(isSecure ? [] : ['http:'])];

  function needsOf(person: Person, gateway?: string) {
    const granted = person.gateways.map(({ slug }) => slug);
    return ownIdentities(
      { store, vault, now },
      { id: person.id, gateways: gateway === undefined ? granted : granted.filter((one) => one === gateway) },
    );
  }

  async function show(
    response: ServerResponse,
    { person, goOn, secret }: PersonSession,
    problem?: string,
    status = 200,
  ): Promise<void> {
    const body = identitiesBody({
      ...(await needsOf(person, goOn?.gateway)),
      email: person.email,
      answerTo: identitiesPath,
      proof: proofFor(secret),
      problem,
      goOn,
    });
    answerPage(response, { status, title: 'Your identities at servers', body, formTargets });
  }

  async function showOwn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = await sessions.of(request);
    if (session) return show(response, session);
    if (!deps.hasSignIn) throw new Fault('NOT_FOUND');
    seeOther(response, '/sign-in');
  }

  async function doOwn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = await sessions.of(request);
    const form = new URLSearchParams((await readBody(request, bodyLimitBytes)).toString('utf8'));
    if (!session || !isProof(form.get('proof'), session.secret)) throw new Fault('UPSTREAM_SIGN_IN_OVER');
    const { person, secret } = session;
    const deed = form.get('deed');
    if (deed === 'sign-out') {
      await sessions.end(request);
      return answerPage(response, { title: 'You are signed out here', body: html`<p>Your identities stay as they are.</p>` });
    }
    const found = (await needsOf(person)).own.filter(({ place }) => place.server.slug === form.get('server'));
    const [first] = found;
    if (!first) throw new Fault('UPSTREAM_SIGN_IN_OVER');
    const { place } = first;
    const user = { id: person.id, slug: person.slug };
    const whose = { server: place.server, user, gateway: null };
    if (deed === 'remove') {
      const id = IdentityId.safeParse(form.get('identity'));
      if (!id.success || !found.some(({ identity }) => identity?.id === id.data)) throw new Fault('UPSTREAM_SIGN_IN_OVER');
      await remove(id.data, whose);
      return seeOther(response, identitiesPath);
    }
    if (deed === 'set' && place.auth !== 'oauth') {
      const value = new Secret((form.get('token') ?? '').trim());
      const objection = tokenObjection(value);
      if (objection !== undefined) return show(response, session, `This can be no token: ${objection}`, 400);
      await record({ event: 'identity_obtained', of: whose, detail: { by: 'token' } });
      await keepIdentity({ store, keys, place: { ...whose, origin: place.origin, kind: 'token' }, value, now: now() });
      return seeOther(response, identitiesPath);
    }
    if (deed !== 'connect' || place.auth === 'header') throw new Fault('UPSTREAM_SIGN_IN_OVER');
    try {
      const to = await signIns.begin({ place, for: whose, browser: secret });
      if (to instanceof URL) return seeOther(response, to.href);
      const what = to === 'open' ? 'asks for no identity' : 'offers no sign-in: give it a token';
      return await show(response, session, `${place.title} ${what}.`, 409);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'AUDIT_UNAVAILABLE') throw error;
      deps.onFailure(error, place.server.slug);
      return show(response, session, error.message, 502);
    }
  }

  /** On record before it is done; what its authorization server made of it is on record too. */
  async function remove(id: IdentityId, of: Parameters<typeof record>[0]['of']): Promise<void> {
    await record({ event: 'identity_removed', of: { ...of, id } });
    const removal = await removeAndRevoke(deps, id);
    if (removal === 'revoked' || removal === 'kept')
      await record({ event: 'identity_revoked', of: { ...of, id }, detail: { isRevoked: removal === 'revoked' } });
  }

  async function arrive(request: IncomingMessage, response: ServerResponse, server: string): Promise<void> {
    const session = await sessions.of(request);
    const browsers = [session?.secret, cookieOf(request, linkCookie)].filter((one) => one !== undefined);
    const returned = new URL(request.url ?? '/', publicOrigin);
    const { isShared, fault } = await signIns.finish(returned, { server, browsers, user: session?.person.id });
    if (!isShared && session)
      return fault ? show(response, session, fault.message, entryOf(fault.code).status) : seeOther(response, identitiesPath);
    if (fault) throw fault;
    answerPage(response, {
      title: 'The shared identity is set',
      body: html`<p>Calls of everybody who shares it bear it from now on. You can close this window.</p>`,
    });
  }

  async function showLink(response: ServerResponse, link: string, request: IncomingMessage, problem?: string): Promise<void> {
    const { place, gateway } = await readLink(deps, link);
    const browser = cookieOf(request, linkCookie) ?? randomBytes(24).toString('base64url');
    setCookie(response, linkCookie, browser, isSecure);
    const body = sharedBody({
      title: place.title,
      origin: place.origin,
      gateway: gateway?.slug,
      answerTo: `${sharedLinkPath}/${link}`,
      proof: proofFor(browser),
      ...(problem === undefined ? {} : { problem }),
    });
    const status = problem === undefined ? 200 : 502;
    answerPage(response, { status, title: `The shared identity at ${place.title}`, body, formTargets });
  }

  async function useLink(request: IncomingMessage, response: ServerResponse, link: string): Promise<void> {
    const form = new URLSearchParams((await readBody(request, bodyLimitBytes)).toString('utf8'));
    const browser = cookieOf(request, linkCookie);
    if (browser === undefined || !isProof(form.get('proof'), browser)) throw new Fault('UPSTREAM_SIGN_IN_OVER');
    const { place, gateway } = await readLink(deps, link);
    try {
      const to = await signIns.begin({ place, for: { user: null, gateway }, browser });
      if (!(to instanceof URL))
        return await showLink(response, link, request, `${place.title} offers no sign-in. Set a token with \`identity set\`.`);
      await spendLink(deps, link);
      seeOther(response, to.href);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'UPSTREAM_SIGN_IN_FAILED') throw error;
      await showLink(response, link, request, error.message);
    }
  }

  async function describe(_: IncomingMessage, response: ServerResponse, server: string): Promise<void> {
    answerJson(response, 200, clientDocument(publicOrigin, server));
  }

  function stepFor(path: string, method: string | undefined): Step | undefined {
    if (path === identitiesPath) return method === 'POST' ? doOwn : only('GET', showOwn);
    const below = (folder: string) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : '');
    const [back, document] = [callbackPath, documentPath].map((folder) => Slug.safeParse(below(folder)).data);
    if (back !== undefined) return only('GET', (request, response) => arrive(request, response, back));
    if (document !== undefined) return only('GET', (request, response) => describe(request, response, document));
    const link = /^[A-Za-z0-9_-]{43}$/.exec(below(sharedLinkPath))?.[0];
    if (link === undefined) return undefined;
    if (method === 'POST') return (request, response) => useLink(request, response, link);
    return only('GET', (request, response) => showLink(response, link, request));
  }

  return {
    answer(request, response, path) {
      return stepFor(path, request.method)?.(request, response).catch((error: unknown) => {
        if (response.headersSent) throw error;
        const reference = newId();
        const fault = asFault(error, reference);
        if (fault.code === 'INTERNAL') deps.logger.error({ err: fault.cause ?? fault, reference }, 'a page of identities failed');
        const body = html`<p role="alert">${fault.message}</p>
          <p><code>${fault.code}</code></p>
          <p><a href="${identitiesPath}">Your identities at servers</a></p>`;
        answerPage(response, { status: entryOf(fault.code).status, title: 'This can not go on', body });
      });
    },
    async isMissing(person, gateway) {
      return (await needsOf(person, gateway)).own.some(({ standing }) => standing !== 'connected');
    },
  };
}

function only(method: string, step: Step): Step {
  return async (request, response) => {
    if (request.method !== method) throw new Fault('METHOD_NOT_ALLOWED', { allow: method });
    await step(request, response);
  };
}
