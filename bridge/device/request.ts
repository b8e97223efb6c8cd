// Node's own HTTP client, loaded where a request is made. An import of node:http at the top of a file also loads Node's WebSocket client, which
// nobody here uses: a fifth of what the agent does until its tunnel is up.
import type { request } from 'node:http';

/** How to request this URL: by TLS unless it says http. */
export async function requestOf({ protocol }: URL): Promise<typeof request> {
  return protocol === 'http:' ? (await import('node:http')).request : (await import('node:https')).request;
}
