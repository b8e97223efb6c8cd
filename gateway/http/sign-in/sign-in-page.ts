// Where several identity providers sign people in: the address tells which. It is not kept; only what the provider verifies counts.
import { type Html, html } from './page.ts';

/** `email`: what was given and belongs to no identity provider. */
export function emailBody(answerTo: string, email: string | undefined): Html {
  const unknown =
    email === undefined
      ? undefined
      : html`<p class="warning" role="alert">Nobody signs people of <strong>${email}</strong> in here. Check the address.</p>`;
  return html`${unknown}
    <form method="get" action="${answerTo}">
      <label for="email">Your work e-mail address</label>
      <input id="email" name="email" type="email" autocomplete="email" required autofocus />
      <div class="actions"><button>Go on</button></div>
    </form>`;
}
