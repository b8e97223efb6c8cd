// The page behind a one-time link, where the emergency account is made. Who has the link may make it: it comes from the command line of the gateway server.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { SignInEvents } from '../../sign-in/event.ts';
import { type LocalAccounts, shortestPassword } from '../../sign-in/local-account.ts';
import { paths } from '../../sign-in/provider.ts';
import { readBody } from '../body.ts';
import { answerPage, html } from '../page.ts';
import { accountBody } from './sign-in-page.ts';

const bodyLimitBytes = 8 * 1024;
export const AccountForm = z.object({
  email: z.string().trim().toLowerCase().pipe(z.email().max(200)),
  password: z.string().min(1).max(1000),
  code: z.string().max(20),
});

async function readAccountForm(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(new URLSearchParams((await readBody(request, bodyLimitBytes)).toString('utf8')));
}

export interface AccountPages {
  show(response: ServerResponse, link: string, problem?: string): Promise<void>;
  make(request: IncomingMessage, response: ServerResponse, link: string): Promise<void>;
}

export function createAccountPages(deps: { accounts: LocalAccounts; events: SignInEvents }): AccountPages {
  const { accounts, events } = deps;

  async function show(response: ServerResponse, link: string, problem?: string): Promise<void> {
    const { secret, uri } = await accounts.offer(link);
    const body = accountBody({ answerTo: `${paths.signIn}/account/${link}`, secret, uri, shortest: shortestPassword, problem });
    answerPage(response, { status: problem === undefined ? 200 : 400, title: 'The emergency account', body });
  }

  return {
    show,
    async make(request, response, link) {
      const form = AccountForm.safeParse(await readAccountForm(request));
      if (!form.success) return show(response, link, 'Fill in an e-mail address, a password and the code.');
      try {
        await accounts.make(link, form.data);
      } catch (error) {
        if (error instanceof Fault && error.code === 'SIGN_IN_REFUSED')
          return show(response, link, String(error.fields['reason']));
        throw error;
      }
      await events.record({ event: 'local_account_made', detail: { email: form.data.email } });
      const body = html`<p>It is there from now on: "Use the emergency account" stands on the page where people sign in.</p>`;
      answerPage(response, { title: 'The emergency account is made', body });
    },
  };
}
