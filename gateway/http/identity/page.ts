// The page of a person's identities: server by server, how each stands and what can be done about it. Each deed is a form of its own with a button that
// names its server, so that it is the same by keyboard, by ear and without scripts.
import type { OwnIdentities, OwnIdentity } from '../../identity/own.ts';
import { type Html, html } from '../page.ts';

export interface IdentitiesPage extends OwnIdentities {
  readonly email: string;
  /** Path that the forms go to, and what proves that they come from this page. */
  readonly answerTo: string;
  readonly proof: string;
  readonly problem: string | undefined;
  /** A sign-in of a host that goes on from here. */
  readonly goOn: { readonly title: string; readonly url: string } | undefined;
}

export function identitiesBody(of: IdentitiesPage): Html {
  const { own, shared, problem } = of;
  const isNone = own.length === 0;
  return html`${problem === undefined ? undefined : html`<p class="warning" role="alert">${problem}</p>`}
    <p>You are signed in as <strong>${of.email}</strong>.</p>
    <p>
      ${isNone ? 'No server that you may reach asks who you are.' : 'These servers are called in your name. Each needs an identity of yours there.'}
    </p>
    ${goOnPart(of)} ${own.map((one) => serverPart(one, of))}
    ${shared.length === 0 ? undefined : html`<p>With an identity that everybody shares: ${shared.join(', ')}.</p>`}
    <form method="post" action="${of.answerTo}">
      <input type="hidden" name="proof" value="${of.proof}" />
      <div class="actions"><button name="deed" value="sign-out">Sign out here</button></div>
    </form>`;
}

function goOnPart({ goOn, own }: IdentitiesPage): Html | undefined {
  if (!goOn) return undefined;
  const isWhole = own.every(({ standing }) => standing === 'connected');
  return html`<p><a href="${goOn.url}">${isWhole ? `Go on to ${goOn.title}` : `Skip for now and go on to ${goOn.title}`}</a></p>`;
}

function serverPart(one: OwnIdentity, { answerTo, proof }: IdentitiesPage): Html {
  const { place, standing, identity } = one;
  const { title, auth, server } = place;
  const hidden = html`<input type="hidden" name="proof" value="${proof}" />
    <input type="hidden" name="server" value="${server.slug}" />`;
  // One that an administrator set for one gateway alone is theirs to replace.
  const isOthers = identity?.gateway !== undefined;
  const verb = standing === 'missing' ? 'Connect to' : 'Connect again to';
  const connect =
    auth === 'header' || isOthers
      ? undefined
      : html`<form method="post" action="${answerTo}">
          ${hidden}
          <div class="actions"><button name="deed" value="connect">${`${verb} ${title}`}</button></div>
        </form>`;
  const type =
    auth === 'oauth' || isOthers
      ? undefined
      : html`<form method="post" action="${answerTo}">
          ${hidden}
          <label for="${`token-${server.slug}`}">${`Token for ${title}`}</label>
          <input id="${`token-${server.slug}`}" name="token" type="password" autocomplete="off" required />
          <div class="actions"><button name="deed" value="set">${`Use this token for ${title}`}</button></div>
        </form>`;
  const remove = identity
    ? html`<form method="post" action="${answerTo}">
        ${hidden}
        <input type="hidden" name="identity" value="${identity.id}" />
        <div class="actions"><button name="deed" value="remove">${`Remove your identity at ${title}`}</button></div>
      </form>`
    : undefined;
  return html`<section aria-labelledby="${`server-${identity?.id ?? server.slug}`}">
    <h2 id="${`server-${identity?.id ?? server.slug}`}">${title}</h2>
    <p><code>${place.origin}</code></p>
    <p>${stateOf(one)}</p>
    ${connect}${type}${remove}
  </section>`;
}

function stateOf({ standing, identity }: OwnIdentity): Html {
  if (!identity) return html`<strong>Not connected.</strong>`;
  const since = new Date(identity.setAt).toISOString().slice(0, 16).replace('T', ' ');
  const how = identity.isSignIn ? `signed in${identity.issuer === undefined ? '' : ` at ${identity.issuer}`}` : 'by a token';
  const where = identity.gateway === undefined ? '' : `, for the gateway ${identity.gateway} alone`;
  if (standing === 'missing')
    return html`<strong>Not usable:</strong> it was set for another address, or can not be read. Set it anew.`;
  if (standing === 'ended') return html`<strong>Needs a new sign-in:</strong> the server has ended the one of ${since} UTC.`;
  const more =
    standing === 'more' ? html` <strong>The server wants more than you allowed:</strong> connect again to allow it.` : undefined;
  return html`Connected since ${since} UTC, ${how}${where}.${more}`;
}

/** Behind a one-time link: the identity that everybody will share. */
export function sharedBody(of: {
  title: string;
  origin: string;
  gateway: string | undefined;
  answerTo: string;
  proof: string;
  problem?: string;
}): Html {
  return html`${of.problem === undefined ? undefined : html`<p class="warning" role="alert">${of.problem}</p>`}
    <p>
      You are about to sign in at <strong>${of.title}</strong> (<code>${of.origin}</code>). Whoever you are there, everybody whom
      ${of.gateway === undefined ? 'a gateway lets call it with the shared identity' : `the gateway ${of.gateway} lets call it`}
      will act as: use an account that is meant for that.
    </p>
    <form method="post" action="${of.answerTo}">
      <input type="hidden" name="proof" value="${of.proof}" />
      <div class="actions"><button>${`Sign in at ${of.title} for everybody`}</button></div>
    </form>`;
}
