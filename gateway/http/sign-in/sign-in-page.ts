// Where people say who they are: at an identity provider (where several sign people in, their address tells which), or with the emergency account. An address
// that is typed is not kept; only what the provider verifies counts.
import { type Html, html } from '../page.ts';

export interface Choice {
  readonly slug: string;
  readonly title: string;
}
export interface SignInPage {
  /** Path that the forms go to, and what proves that they come from this page. */
  readonly answerTo: string;
  readonly proof: string;
  readonly choices: readonly Choice[];
  /** What was given and belongs to no identity provider. */
  readonly unknownEmail: string | undefined;
  readonly hasLocalAccount: boolean;
  readonly problem: string | undefined;
}

export function signInBody(of: SignInPage): Html {
  const [only] = of.choices;
  const problem = of.problem === undefined ? undefined : html`<p class="warning" role="alert">${of.problem}</p>`;
  const first =
    of.choices.length === 1 && only
      ? html`<p><a href="${`${of.answerTo}?with=${only.slug}`}">${only.title}</a></p>`
      : emailForm(of);
  return html`${problem}${first}${of.hasLocalAccount ? localForm(of) : undefined}`;
}

function emailForm({ answerTo, unknownEmail }: SignInPage): Html {
  const unknown =
    unknownEmail === undefined
      ? undefined
      : html`<p class="warning" role="alert">
          Nobody signs people of <strong>${unknownEmail}</strong> in here. Check the address.
        </p>`;
  return html`${unknown}
    <form method="get" action="${answerTo}">
      <label for="email">Your work e-mail address</label>
      <input id="email" name="email" type="email" autocomplete="email" required />
      <div class="actions"><button>Go on</button></div>
    </form>`;
}

function localForm({ answerTo, proof }: SignInPage): Html {
  return html`<details>
    <summary>Use the emergency account</summary>
    <form method="post" action="${answerTo}">
      <input type="hidden" name="proof" value="${proof}" />
      <label for="account">Its e-mail address</label>
      <input id="account" name="email" type="email" autocomplete="username" required />
      <label for="password">Its password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required />
      <label for="code">The code that its authenticator shows</label>
      <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required />
      <div class="actions"><button>Sign in</button></div>
    </form>
  </details>`;
}

/** The page behind a one-time link. */
export function accountBody(of: {
  answerTo: string;
  secret: string;
  uri: string;
  shortest: number;
  problem: string | undefined;
}): Html {
  const problem = of.problem === undefined ? undefined : html`<p class="warning" role="alert">${of.problem}</p>`;
  return html`${problem}
    <p>
      Add this secret to an authenticator (time-based, 6 digits, 30 seconds), and keep both where you find them in an emergency.
    </p>
    <dl>
      <dt>Secret</dt>
      <dd><code>${of.secret}</code></dd>
      <dt>The same as an address</dt>
      <dd><code>${of.uri}</code></dd>
    </dl>
    <form method="post" action="${of.answerTo}">
      <label for="account">E-mail address of the user of the policy whom it signs in</label>
      <input id="account" name="email" type="email" autocomplete="username" required />
      <label for="password">Password, at least ${String(of.shortest)} characters</label>
      <input id="password" name="password" type="password" autocomplete="new-password" required />
      <label for="code">The code that the authenticator shows now</label>
      <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required />
      <div class="actions"><button>Make the account</button></div>
    </form>`;
}
