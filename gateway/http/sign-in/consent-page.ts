// The question before a host is let in: which app, who vouches for it, which gateway, what it may reach, where the person is sent back to. All in full,
// because what is cut off is what would have told.
import { hash } from 'node:crypto';
import { counted } from '#contract/counted.ts';
import type { ClientMetadata, Provenance } from '../../sign-in/client.ts';
import type { Granted, Person } from '../../sign-in/person.ts';
import { kindOfRedirect } from '../../sign-in/redirect.ts';
import { type Html, html } from '../page.ts';

export interface Question {
  readonly client: ClientMetadata;
  readonly provenance: Provenance;
  readonly person: Person;
  /** At least one. */
  readonly choices: readonly Granted[];
  /** Undefined for a device that shows a code: nobody is sent back to it. */
  readonly redirect: string | undefined;
  /** Whether it asks for tools that need a consent of their own. */
  readonly isStepUp: boolean;
  /** Whether these are others than the person was shown just before. */
  readonly isChanged?: boolean;
  /** Path that the answer is sent to, and what proves that it comes from this page. */
  readonly answerTo: string;
  readonly proof: string;
}

export function questionTitle({ client, choices }: Question): string {
  const [only] = choices;
  return choices.length === 1 && only
    ? `Let ${client.client_name} use ${only.title}?`
    : `Let ${client.client_name} use a gateway?`;
}

export function questionBody(of: Question): Html {
  const { client, person, redirect } = of;
  return html`<p>You are signed in as <strong>${person.email}</strong>.</p>
    <dl>
      <dt>The app calls itself</dt>
      <dd>${client.client_name}</dd>
      <dt>Its id</dt>
      <dd><code>${client.client_id}</code></dd>
      <dt>Who vouches for it</dt>
      <dd>${vouching(of.provenance)}</dd>
      <dt>${redirect === undefined ? 'It runs' : 'You are sent back to'}</dt>
      <dd>${redirect === undefined ? 'at the device that showed you the code' : html`<code>${redirect}</code>`}</dd>
    </dl>
    ${redirectWarning(redirect)}
    <form method="post" action="${of.answerTo}">
      <input type="hidden" name="proof" value="${of.proof}" />
      <input type="hidden" name="shown" value="${shownIn(of)}" />
      ${of.isChanged ? html`<p class="warning" role="alert">Your administrator has just changed what it asks for. Look again.</p>` : undefined}
      ${choiceOf(of)}
      <p>
        It can then use, in your name, what your administrator exposes to you there. Your administrator can take this back at any
        time.
      </p>
      ${againOf(of)}
      <div class="actions">
        <button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button>
      </div>
    </form>`;
}

/** A host may register once for each of its entries: what that means for who answers here. */
function againOf({ provenance, redirect }: Question): Html | undefined {
  if (redirect === undefined || provenance.kind !== 'unknown' || kindOfRedirect(redirect) === 'web') return undefined;
  return html`<p>
    While you stay signed in in this browser, an app of the same name that is sent back to the same place is let in without asking
    you again: some apps register once for each server in their settings.
  </p>`;
}

function choiceOf({ choices, isStepUp }: Question): Html {
  const [only] = choices;
  if (choices.length === 1 && only)
    return html`<dl>
        <dt>Gateway</dt>
        <dd>${only.title} (<code>${only.slug}</code>)</dd>
        <dt>It may reach</dt>
        <dd>${reach(only)}</dd>
        <dt>What is kept of it</dt>
        <dd>${keptWords(only)}</dd>
        ${isStepUp ? stepUp(only) : undefined}
      </dl>
      <input type="hidden" name="gateway" value="${only.slug}" />`;
  const radios = choices.map(
    (each) =>
      html`<label
        ><input type="radio" name="gateway" value="${each.slug}" required /> ${each.title} (<code>${each.slug}</code>):
        ${reach(each)}.
        ${keptWords(each)}${isStepUp ? html` Tools that need your consent by name: ${toolsOf(each).join(', ') || 'none'}` : undefined}</label
      >`,
  );
  return html`<fieldset>
    <legend>Which gateway may it use?</legend>
    ${radios}
  </fieldset>`;
}

/** In full: to consent to these is what the page is for. */
function stepUp(granted: Granted): Html {
  const tools = toolsOf(granted);
  return html`<dt>It asks to use these tools, which need your consent by name</dt>
    ${tools.length === 0 ? html`<dd>none here</dd>` : tools.map((tool) => html`<dd class="warning">${tool}</dd>`)}`;
}

function toolsOf({ stepUp }: Granted): readonly string[] {
  return stepUp.flatMap(({ title, tools }) =>
    tools === 'all' ? [`${title}: every tool`] : tools.map((tool) => `${title}: ${tool}`),
  );
}

/** Tells one set of tools that need a consent of their own from another. */
export function shownIn({ choices, isStepUp }: Pick<Question, 'choices' | 'isStepUp'>): string {
  const shown = isStepUp ? choices.map(({ slug, stepUp }) => [slug, stepUp.map(({ server, tools }) => [server, tools])]) : [];
  return hash('sha256', JSON.stringify(shown));
}

/** Who lets an app in is told before, not after. */
function keptWords({ kept }: Granted): Html {
  if (!kept) return html`Each call is recorded, without what is asked and answered.`;
  const { mode, days } = kept;
  const long = counted(Number.parseInt(days, 10), 'day');
  return mode === 'full'
    ? html`<strong>All that is asked and answered is kept, in full, for ${long}.</strong> Whoever your organization lets may read
        it.`
    : html`<strong>What is asked and answered is kept for ${long},</strong> but for what looks like secrets and personal data.
        Whoever your organization lets may read it.`;
}

function reach({ servers }: Granted): string {
  return servers.length === 0 ? 'no server yet' : servers.join(', ');
}

/** Who says that an app is what it calls itself. */
export function vouching(provenance: Provenance): Html {
  if (provenance.kind === 'listed') return html`Your administrator listed it.`;
  if (provenance.kind === 'domain') return html`<strong>${provenance.domain}</strong> publishes what it is.`;
  return html`<strong>Nobody: unverified.</strong> Anybody can register an app under any name.`;
}

function redirectWarning(redirect: string | undefined): Html | undefined {
  if (redirect === undefined)
    return html`<p class="warning">
      Nobody can tell from here whose device that is. Go on only if you have just begun this yourself: whoever sent you a code or
      a link would get in with your name.
    </p>`;
  const kind = kindOfRedirect(redirect);
  if (kind === 'web') return undefined;
  const what = kind === 'loopback' ? 'a program on this device' : 'an app on this device';
  return html`<p class="warning">
    That is ${what}, and nobody can tell from here which. Go on only if you have just begun this in an app that you trust.
  </p>`;
}
