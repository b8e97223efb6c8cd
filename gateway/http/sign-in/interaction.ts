// A sign-in step by step, in a browser: who is it (away to the identity provider and back), then may this app (consent). Every step is bound to the
// browser that began it by cookies of oidc-provider and one of ours, and every answer that changes something proves that it comes from our page.
import { createHmac, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { scope } from '#contract/scope.ts';
import type { SigningKey } from '../../caller/signing-key.ts';
import { neighborsOf } from '../../egress/address.ts';
import { addressOfResource } from '../../mcp/address.ts';
import type { ClientMetadata } from '../../sign-in/client.ts';
import type { ClientList } from '../../sign-in/client-list.ts';
import { choicesOf, type Consents } from '../../sign-in/consent.ts';
import type { SignInEvents } from '../../sign-in/event.ts';
import type { HostGate } from '../../sign-in/host-gate.ts';
import { Departure, type IdentityProviderClient } from '../../sign-in/identity-provider.ts';
import type { LocalAccounts } from '../../sign-in/local-account.ts';
import type { Newcomers } from '../../sign-in/newcomer.ts';
import { hostSession, type Person, personByEmail, personById } from '../../sign-in/person.ts';
import { Asked, paths, saveGrant } from '../../sign-in/provider.ts';
import type { Store } from '../../store/store.ts';
import { readBody } from '../body.ts';
import { AccountForm } from './account.ts';
import { questionBody, questionTitle, type Question, shownIn } from './consent-page.ts';
import { cookieOf, setCookie } from '../cookie.ts';
import { answerPage, formTargetOf, seeOther } from '../page.ts';
import { isProof, type PersonSessions, proofFor } from './person-session.ts';
import { signInBody } from './sign-in-page.ts';

export interface InteractionDeps {
  readonly publicOrigin: string;
  readonly provider: Provider;
  readonly signingKey: SigningKey;
  readonly store: Store;
  readonly clients: ClientList;
  readonly consents: Consents;
  readonly hostGate: HostGate;
  readonly newcomers: Newcomers;
  readonly events: SignInEvents;
  readonly identityProviders: readonly IdentityProviderClient[];
  readonly accounts: LocalAccounts;
  /** Throws TOO_OFTEN where this address tried passwords too often. */
  readonly refuseAttempts: (request: IncomingMessage) => void;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Where people look after their identities: what they sign in for where no host asked. */
  readonly identitiesPath: string;
  /** Of our own pages. */
  readonly sessions: PersonSessions;
  /** Whether the person lacks an identity of their own at a server of this gateway. */
  readonly isIdentityMissing: (person: Person, gateway: string) => Promise<boolean>;
  readonly now: () => number;
}
export interface Interactions {
  /** GET: who is it, for our own pages. */
  showOwn(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void>;
  /** POST: the emergency account, for our own pages. */
  answerOwn(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** GET: the next step of this sign-in, as a page or a way on. */
  show(request: IncomingMessage, response: ServerResponse, uid: string, query: URLSearchParams): Promise<void>;
  /** POST: the answer to the question of consent, or the emergency account. */
  answer(request: IncomingMessage, response: ServerResponse, uid: string): Promise<void>;
  /** GET: back from an identity provider. */
  arrive(request: IncomingMessage, response: ServerResponse, provider: string, returned: URL): Promise<void>;
}

/** A sign-in that asks who it is: of a host, or (null) for a page of ours. */
interface AskedWho {
  readonly uid: string | null;
  readonly proof: string;
}

const departureModel = 'Departure';
const departureMs = 600_000;
/** `uid` null: no host asked, the person is on the way to a page of ours. */
const Kept = z.object({ departure: Departure, uid: z.string().nullable(), browser: z.string() });
const answerLimitBytes = 8 * 1024;

export function createInteractions(deps: InteractionDeps): Interactions {
  const { publicOrigin, provider, store, events, now } = deps;
  const isSecure = publicOrigin.startsWith('https:');
  const browserCookie = isSecure ? '__Host-browser' : 'drawbridge-browser';
  const proofKey = Buffer.from(
    hkdfSync('sha256', deps.signingKey.key.export({ format: 'der', type: 'pkcs8' }), '', 'drawbridge sign-in proof', 32),
  );
  const proofOf = (uid: string) => createHmac('sha256', proofKey).update(uid).digest();
  const proofText = (uid: string) => proofOf(uid).toString('base64url');

  async function find(request: IncomingMessage, response: ServerResponse, uid: string): Promise<Interaction> {
    try {
      const interaction = await provider.interactionDetails(request, response);
      if (interaction.uid === uid) return interaction;
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    throw new Fault('SIGN_IN_OVER');
  }

  async function sendAway(
    response: ServerResponse,
    of: { to: IdentityProviderClient; uid: string | null; request: IncomingMessage; email?: string },
  ) {
    const { url, departure } = await of.to.depart(of.email);
    const browser = nameBrowser(of.request, response);
    const body = JSON.stringify({ departure, uid: of.uid, browser: hash('sha256', browser) } satisfies z.infer<typeof Kept>);
    const key = hash('sha256', departure.state);
    const expiresAt = now() + departureMs;
    const item = { model: departureModel, key, family: null, uid: null, connection: null, body, expiresAt, consumedAt: null };
    await store.signIn.putItem(item, now());
    seeOther(response, url.href);
  }

  /** What this browser is known by; it gets a name where it has none. */
  function nameBrowser(request: IncomingMessage, response: ServerResponse): string {
    const browser = cookieOf(request, browserCookie) ?? randomBytes(24).toString('base64url');
    setCookie(response, browserCookie, browser, isSecure);
    return browser;
  }

  async function questionOf(interaction: Interaction): Promise<Question> {
    const { client_id: id, redirect_uri: redirect, resource, scope: scopes } = Asked.parse(interaction.params);
    const [client, person] = await Promise.all([clientOf(id), personById(store, interaction.session?.accountId ?? '')]);
    const address = addressOfResource(publicOrigin, resource);
    if (!client || !person || !address) throw new Fault('SIGN_IN_OVER');
    const choices = choicesOf(person, address);
    if (choices.length === 0) throw await refused(person, address.gateway);
    await deps.hostGate.check({ client, person, gateway: address.gateway });
    const { uid } = interaction;
    const answerTo = `${paths.signIn}/${uid}`;
    const provenance = deps.clients.provenanceOf(id);
    const isStepUp = scopes !== scope;
    return { client, provenance, person, choices, redirect, isStepUp, answerTo, proof: proofOf(uid).toString('base64url') };
  }

  async function clientOf(id: string): Promise<ClientMetadata | undefined> {
    try {
      return await deps.clients.find(id);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'CLIENT_REFUSED') throw error;
      const reason =
        'the site of this app does not say any more what it is. Go back to your app and connect again, or ask your administrator.';
      throw new Fault('SIGN_IN_REFUSED', { reason }, { cause: error });
    }
  }

  async function refused(person: Person, gateway: string | undefined): Promise<Fault> {
    const fault =
      gateway === undefined
        ? new Fault('SIGN_IN_REFUSED', { reason: 'none of your teams grants a gateway. Ask your administrator.' })
        : new Fault('GATEWAY_NOT_GRANTED', { gateway });
    const detail = gateway === undefined ? {} : { gateway };
    await events.recordRefusal({
      event: 'sign_in_refused',
      user: { id: person.id, name: person.slug },
      code: fault.code,
      detail,
    });
    return fault;
  }

  return {
    async showOwn(request, response, query) {
      const proof = proofFor(nameBrowser(request, response));
      await showSignIn(request, response, { uid: null, proof }, query);
    },

    async answerOwn(request, response) {
      const form = new URLSearchParams((await readBody(request, answerLimitBytes)).toString('utf8'));
      const browser = cookieOf(request, browserCookie);
      if (browser === undefined || !isProof(form.get('proof'), browser)) throw new Fault('SIGN_IN_OVER');
      const asked = { uid: null, proof: proofFor(browser) };
      return signInLocally(request, response, asked, form, (person) =>
        enter(request, response, person, { identityProvider: 'local account' }),
      );
    },

    async show(request, response, uid, query) {
      const interaction = await find(request, response, uid);
      if (interaction.prompt.name === 'login') return showSignIn(request, response, { uid, proof: proofText(uid) }, query);
      askConsent(response, await questionOf(interaction));
    },

    async answer(request, response, uid) {
      const interaction = await find(request, response, uid);
      const form = new URLSearchParams((await readBody(request, answerLimitBytes)).toString('utf8'));
      const proof = Buffer.from(form.get('proof') ?? '', 'base64url');
      const expected = proofOf(uid);
      if (proof.length !== expected.length || !timingSafeEqual(proof, expected)) throw new Fault('SIGN_IN_OVER');
      if (interaction.prompt.name === 'login') {
        const how = { identityProvider: 'local account' };
        const asked = { uid, proof: proofText(uid) };
        return signInLocally(request, response, asked, form, (person) => signIn(response, interaction, person, how));
      }
      const question = await questionOf(interaction);
      const { client, person, choices, redirect, isStepUp } = question;
      const { resource, scope: scopes } = Asked.parse(interaction.params);
      if (form.get('answer') !== 'allow') {
        const detail = { client: client.client_id };
        await events.record({ event: 'consent_denied', user: { id: person.id, name: person.slug }, detail });
        const error = { error: 'access_denied', error_description: 'the person did not consent' };
        return provider.interactionFinished(request, response, error, { mergeWithLastSubmission: false });
      }
      const choice = choices.find(({ slug }) => slug === form.get('gateway'));
      if (choice === undefined) throw new Fault('SIGN_IN_OVER');
      // Consent is to the tools that the page showed, and to no others.
      if (isStepUp && form.get('shown') !== shownIn(question)) return askConsent(response, { ...question, isChanged: true });
      const gateway = choice.slug;
      const connection = await deps.consents.give({ client, person, gateway, redirect, session: interaction.session?.uid });
      const grant = await saveGrant(provider, { connection, resource, scopes });
      if (isStepUp) await deps.consents.keepShown(grant.jti, connection, choice);
      const result = { consent: { grantId: grant.jti } };
      if (!(await deps.isIdentityMissing(person, gateway))) return provider.interactionFinished(request, response, result);
      // What the gateway needs at its servers comes next; the host waits for as long as its sign-in lasts.
      const url = await provider.interactionResult(request, response, result);
      await deps.sessions.begin(request, response, person, { title: client.client_name, gateway, url });
      return seeOther(response, deps.identitiesPath);
    },

    async arrive(request, response, name, returned) {
      const state = returned.searchParams.get('state') ?? '';
      const item = await store.signIn.removeItem(departureModel, hash('sha256', state));
      const kept = item && item.expiresAt > now() ? Kept.parse(JSON.parse(item.body)) : undefined;
      const browser = cookieOf(request, browserCookie) ?? '';
      const to = deps.identityProviders.find(({ settings }) => settings.slug === name);
      if (!kept || !to || kept.departure.provider !== name || kept.browser !== hash('sha256', browser))
        throw new Fault('SIGN_IN_OVER');
      if (kept.uid === null)
        return enter(request, response, await whoCame(to, returned, kept.departure), { identityProvider: name });
      const interaction = await provider.Interaction.find(kept.uid);
      if (!interaction || interaction.prompt.name !== 'login') throw new Fault('SIGN_IN_OVER');
      const person = await whoCame(to, returned, kept.departure);
      await signIn(response, interaction, person, { identityProvider: name });
    },
  };

  function askConsent(response: ServerResponse, question: Question): void {
    answerPage(response, {
      title: questionTitle(question),
      body: questionBody(question),
      formTargets: question.redirect === undefined ? [] : [formTargetOf(question.redirect)],
    });
  }

  async function signIn(response: ServerResponse, interaction: Interaction, person: Person, how: Record<string, string>) {
    await events.record({ event: 'signed_in', user: { id: person.id, name: person.slug }, detail: how });
    await leaveOther(interaction, person);
    interaction.result = { login: { accountId: person.id } };
    await interaction.save(interaction.exp - Math.floor(now() / 1000));
    seeOther(response, interaction.returnTo);
  }

  /** To a page of ours. */
  async function enter(request: IncomingMessage, response: ServerResponse, person: Person, how: Record<string, string>) {
    await events.record({ event: 'signed_in', user: { id: person.id, name: person.slug }, detail: how });
    await deps.sessions.begin(request, response, person);
    seeOther(response, deps.identitiesPath);
  }

  async function showSignIn(request: IncomingMessage, response: ServerResponse, asked: AskedWho, query: URLSearchParams) {
    const { uid } = asked;
    const email = query.get('email')?.trim().toLowerCase();
    const domain = email?.slice(email.lastIndexOf('@') + 1);
    const [only] = deps.identityProviders;
    const isSingle = deps.identityProviders.length === 1;
    // With an emergency account there is something to choose, so nobody is sent away before they did.
    const isChosen = query.has('with') || !(await deps.accounts.isAny());
    const to = isSingle
      ? isChosen && only
      : deps.identityProviders.find(({ settings }) => domain !== undefined && settings.domains?.includes(domain));
    if (to) return sendAway(response, { to, uid, request, ...(email === undefined ? {} : { email }) });
    return answerSignIn(response, asked, { unknownEmail: email });
  }

  async function answerSignIn(
    response: ServerResponse,
    { uid, proof }: AskedWho,
    of: { unknownEmail?: string | undefined; problem?: string },
  ) {
    const { unknownEmail, problem } = of;
    const body = signInBody({
      answerTo: uid === null ? paths.signIn : `${paths.signIn}/${uid}`,
      proof,
      choices: deps.identityProviders.map(({ settings }) => settings),
      unknownEmail,
      hasLocalAccount: await deps.accounts.isAny(),
      problem,
    });
    // The forms lead to this site first, and from here to an identity provider, or on to what is asked next.
    const formTargets = ['https:', ...(isSecure ? [] : ['http:'])];
    answerPage(response, { status: problem === undefined ? 200 : 403, title: 'Sign in', body, formTargets });
  }

  async function signInLocally(
    request: IncomingMessage,
    response: ServerResponse,
    asked: AskedWho,
    form: URLSearchParams,
    go: (person: Person) => Promise<void>,
  ): Promise<void> {
    deps.refuseAttempts(request);
    const network = neighborsOf(deps.addressOf(request));
    try {
      const given = AccountForm.safeParse(Object.fromEntries(form));
      if (!given.success) throw new Fault('SIGN_IN_REFUSED', { reason: 'fill in the address, the password and the code.' });
      const person = await personByEmail(store, { email: await deps.accounts.check({ ...given.data, network }) });
      await go(person);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'SIGN_IN_REFUSED') throw error;
      // Somebody who has the password and not the code is worth a look.
      const { wrong } = error.fields;
      const detail = { identityProvider: 'local account', network, ...(wrong !== undefined && { wrong }) };
      await events.recordRefusal({ event: 'sign_in_refused', code: error.code, detail });
      await answerSignIn(response, asked, { problem: error.message });
    }
  }

  async function whoCame(to: IdentityProviderClient, returned: URL, departure: Departure): Promise<Person> {
    try {
      return await deps.newcomers.welcome(to.settings, await to.arrive(returned, departure));
    } catch (error) {
      if (error instanceof Fault) {
        const { user } = error.fields;
        const detail = { identityProvider: to.settings.slug, ...(typeof user === 'string' && { person: user }) };
        await events.recordRefusal({ event: 'sign_in_refused', code: error.code, detail });
      }
      throw error;
    }
  }

  /** Another person than the one whom this browser's session knows: that session ends. */
  async function leaveOther(interaction: Interaction, person: Person): Promise<void> {
    const { session } = interaction;
    if (session?.uid === undefined || session.accountId === person.id) return;
    await store.signIn.removeItemByUid(hostSession.model, session.uid);
    interaction.session = undefined;
  }
}
