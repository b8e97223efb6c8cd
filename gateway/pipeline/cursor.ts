// A long list in pages: each cursor says after which item the list goes on. The rule: a cursor is sealed to its caller, route and method, so that it
// tells nobody anything and nobody can make one; one that does not open, or whose item is gone, is refused and the host lists anew.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';

/** A page ends with the item that reaches this, so that it passes every limit of a message. */
const pageBytes = 1024 * 1024;

export interface Pager {
  /** The page of `items` that the request's cursor asks for. Throws INVALID_PARAMS. */
  page<T extends { readonly name: string; readonly json: Buffer }>(
    request: Identified,
    cursor: unknown,
    items: readonly T[],
  ): { readonly items: readonly T[]; readonly nextCursor: string | undefined };
}

export function createPager(key: Buffer = randomBytes(32)): Pager {
  return {
    page(request, cursor, items) {
      const start = cursor === undefined ? 0 : after(open(key, request, cursor), request, items);
      let end = start;
      for (let bytes = 0; end < items.length && bytes < pageBytes; end++) bytes += items[end]?.json.length ?? 0;
      const last = items[end - 1];
      return {
        items: items.slice(start, end),
        nextCursor: end < items.length && last !== undefined ? seal(key, request, last.name) : undefined,
      };
    },
  };
}

function after(name: string | undefined, request: Identified, items: readonly { readonly name: string }[]): number {
  const index = name === undefined ? -1 : items.findIndex((item) => item.name === name);
  if (index === -1)
    throw new Fault('INVALID_PARAMS', { method: request.method, reason: '"cursor" is not one of this list: begin without one' });
  return index + 1;
}

const ivLength = 12;
const tagLength = 16;

function seal(key: Buffer, request: Identified, name: string): string {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(request));
  return Buffer.concat([iv, cipher.update(name, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function open(key: Buffer, request: Identified, cursor: unknown): string | undefined {
  const sealed = Buffer.from(typeof cursor === 'string' ? cursor : '', 'base64url');
  if (sealed.length < ivLength + tagLength) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivLength), { authTagLength: tagLength })
      .setAAD(boundTo(request))
      .setAuthTag(sealed.subarray(-tagLength));
    return Buffer.concat([decipher.update(sealed.subarray(ivLength, -tagLength)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function boundTo({ caller, target, method }: Identified): Buffer {
  return Buffer.from([caller.user.id, caller.host, target.gateway, target.server ?? '', method].join('\n'));
}
