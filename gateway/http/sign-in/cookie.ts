// One cookie of ours: a random name for a browser, by which it is known again when it comes back from an identity provider. It opens nothing by itself.
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
