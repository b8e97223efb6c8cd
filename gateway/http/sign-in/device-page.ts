// Where a person lets a device in that has no browser (RFC 8628): they type the code that it shows, see that it is the same one, then sign in and consent as ever.
// A code that came in a link has to be looked at all the same: links are what a stranger would send.
import type { IncomingMessage } from 'node:http';
import type { Context } from 'oidc-provider';
import { z } from 'zod';
import type { ClientList } from '../../sign-in/client-list.ts';
import type { SignInEvents } from '../../sign-in/event.ts';
import { type DevicePages, paths } from '../../sign-in/provider.ts';
import { vouching } from './consent-page.ts';
import { type Html, html, pageHeaders, pageText } from '../page.ts';

const Device = z.object({ ip: z.string().optional(), ua: z.string().optional() }).catch({});

export function createDevicePages(deps: {
  clients: ClientList;
  events: SignInEvents;
  /** A code that stood in the address, to be typed in for the person. */
  codeIn(request: IncomingMessage): string | undefined;
}): DevicePages {
  const proofOf = (ctx: Context) => html`<input type="hidden" name="xsrf" value="${ctx.oidc.session.state?.secret ?? ''}" />`;

  return {
    async userCodeInputSource(ctx, _form, _out, error) {
      // A form without a session of ours begins none: there would be nothing to keep it in.
      if (ctx.oidc.session.exp === undefined && error) ctx.oidc.session.touched = false;
      if (error) await deps.events.recordRefusal({ event: 'device_code_refused', detail: { reason: wordOf(error) } });
      show(
        ctx,
        'Let a device in',
        html`${error && html`<p class="warning" role="alert">${problemOf(error)}</p>`}
          <form method="post" action="${paths.device}">
            ${proofOf(ctx)}
            <label for="code">The code that your device shows</label>
            <input
              id="code"
              name="user_code"
              value="${deps.codeIn(ctx.req) ?? ''}"
              autocomplete="off"
              autocapitalize="characters"
              maxlength="20"
              required
            />
            <p class="warning">Go on only if you have just begun this yourself. Nobody who helps you needs a code from you.</p>
            <div class="actions"><button>Go on</button></div>
          </form>`,
      );
    },
    async userCodeConfirmSource(ctx, _form, client, device, userCode) {
      const { ip, ua } = Device.parse(device);
      const formTargets = ['https:', ...(ctx.oidc.issuer.startsWith('http:') ? ['http:'] : [])];
      show(
        ctx,
        'Is this the code that your device shows?',
        html`<p><code>${userCode}</code></p>
          <dl>
            <dt>The app calls itself</dt>
            <dd>${client.clientName ?? ''}</dd>
            <dt>Its id</dt>
            <dd><code>${client.clientId}</code></dd>
            <dt>Who vouches for it</dt>
            <dd>${vouching(deps.clients.provenanceOf(client.clientId))}</dd>
            <dt>It asks from</dt>
            <dd>${ip ?? 'an unknown address'}${ua === undefined ? undefined : html` (${ua})`}</dd>
          </dl>
          <form method="post" action="${paths.device}">
            ${proofOf(ctx)}
            <input type="hidden" name="user_code" value="${userCode}" />
            <div class="actions">
              <button name="confirm" value="yes">It is</button><button name="abort" value="yes">It is not: refuse it</button>
            </div>
          </form>`,
        formTargets,
      );
    },
    async successSource(ctx) {
      show(ctx, 'Your device is let in', html`<p>Go back to it. You may close this page.</p>`);
    },
  };
}

function show(ctx: Context, title: string, body: Html, formTargets: readonly string[] = []): void {
  ctx.set(pageHeaders(formTargets));
  ctx.body = pageText(title, body);
}

/** oidc-provider names its errors so; of another nothing is told. */
function wordOf({ name }: Error): string {
  return /^[A-Za-z]{1,40}$/.test(name) ? name : 'Error';
}

function problemOf({ name }: Error): string {
  if (name === 'AbortedError') return 'The device was refused.';
  if (name === 'AlreadyUsedError') return 'This code was used already. Begin anew at your device.';
  if (name === 'ExpiredError') return 'This code is too old. Begin anew at your device.';
  if (name === 'NotFoundError' || name === 'NoCodeError') return 'There is no such code. Look at your device, and type it again.';
  return 'This can not go on. Begin anew at your device.';
}
