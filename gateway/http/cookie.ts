// Cookies of our own: each is a random name by which a browser is known again, for as long as it runs. Rule: no script reads one and no other site's form
// sends it along; what a name stands for is kept here, and is looked up anew each time.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `shape`: of its value; ours unless it is said. */
export function cookieOf({ headers }: IncomingMessage, name: string, shape = /^[A-Za-z0-9_-]{32}$/): string | undefined {
  const values = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const [key, value] = pair.trim().split('=');
    return key === name && value !== undefined && shape.test(value) ? [value] : [];
  });
  // Two of one name: somebody planted one, and nobody knows which.
  return values.length === 1 ? values[0] : undefined;
}

/** For as long as the browser runs, at most. */
export function setCookie(response: ServerResponse, name: string, value: string, isSecure: boolean): void {
  response.appendHeader('Set-Cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`);
}
