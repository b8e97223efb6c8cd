// The person at the browser while a host signs in, and what that person was asked: pages are told by the fields of their forms.
import { type Browser, isPage, leftTo } from '../walk/browser.ts';

/** `password`: who they are, at the identity provider. `consent`: whether this host may. */
export type Asked = 'password' | 'consent';

export interface Led {
  /** Where the browser was sent in the end: back to the host. */
  readonly back: URL;
  /** What had to be answered on the way, each page once. */
  readonly asked: readonly Asked[];
}

/** Opens the address that a host prints, and answers what is asked. */
export async function followTo(browser: Browser, address: string | URL, person: string): Promise<Led> {
  const asked: Asked[] = [];
  let at = await browser.open(address);
  for (let step = 0; step < 8 && isPage(at); step++) {
    if (at.text.includes('name="login"')) {
      asked.push('password');
      at = await browser.submit(at, { login: person, password: 'of the fake' });
    } else if (at.text.includes('name="prompt" value="consent"')) {
      // The identity provider of the tests asks about the gateway server itself, once.
      at = await browser.submit(at, {});
    } else if (at.text.includes('name="answer"')) {
      asked.push('consent');
      at = await browser.submit(at, { answer: 'allow' });
    } else break;
  }
  return { back: leftTo(at), asked };
}
