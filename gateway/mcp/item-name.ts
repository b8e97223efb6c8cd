// What an item is called on the aggregated route, and the way back. A name is `<server>__<name>`, a URI stays one: `demo://<server>__rest`.
// The rule: each such name has one way back. A slug never holds "__", so the first one is the seam; a name that is cut says so by its shape.
import { hash } from 'node:crypto';
import type { Item } from './feature.ts';

const separator = '__';
/** In characters: hosts and models refuse longer names of tools. */
const nameLimit = 60;
const hashLength = 8;

/** The upstream's own name, or what is left of one that was too long: then only the server's list can say which item it was. */
export interface Unprefixed {
  /** What stands before the seam: a slug, where this gateway gave the name. */
  readonly server: string;
  readonly name: string;
  readonly isCut: boolean;
}

/** The item's name as hosts see it on the aggregated route. */
export function prefixed(server: string, { kind, name }: Item): string {
  return kind === 'tools' || kind === 'prompts' ? prefixedName(server, name) : prefixedUri(server, name);
}

/** The way back; undefined for a name that this gateway never gave. */
export function unprefixed({ kind, name }: Item): Unprefixed | undefined {
  return kind === 'tools' || kind === 'prompts' ? unprefixedName(name) : unprefixedUri(name);
}

/**
 * `<server>__<name>`. One of more than 60 characters keeps its first 51 and gets `_` and a hash of the whole name; so does one that only looks as
 * if it had been cut, so that the shape alone says which ones were.
 */
function prefixedName(server: string, name: string): string {
  const full = `${server}${separator}${name}`;
  if (full.length < nameLimit) return full;
  // Enough of it: a character has two units at most.
  const characters = [...full.slice(0, 2 * nameLimit + 2)];
  if (characters.length < nameLimit || (characters.length === nameLimit && !looksCut(full))) return full;
  return `${characters.slice(0, nameLimit - hashLength - 1).join('')}_${shortHash(name)}`;
}

function unprefixedName(name: string): Unprefixed | undefined {
  const seam = name.indexOf(separator);
  if (seam <= 0) return undefined;
  return { server: name.slice(0, seam), name: name.slice(seam + separator.length), isCut: looksCut(name) };
}

function looksCut(name: string): boolean {
  return name.length >= nameLimit && name.length <= 2 * nameLimit && /_[0-9a-z]{8}$/.test(name) && [...name].length === nameLimit;
}

/** 40 bits, in the letters and digits that hosts allow in names. */
function shortHash(text: string): string {
  return BigInt(`0x${hash('sha256', text, 'hex').slice(0, 10)}`)
    .toString(36)
    .padStart(hashLength, '0');
}

const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/)?/;
/** Hosts open these themselves, and another authority would lead them elsewhere: the server stands in the fragment, which is never sent. */
const web = /^https?:/i;
const webMark = /#([a-z0-9]+(?:[-_][a-z0-9]+)*)__(~|$)/;

/** Behind the scheme; where there is none (a template may begin with an expression) in front; of a page of the web in the fragment, before `~` and its own. */
function prefixedUri(server: string, uri: string): string {
  const mark = `${server}${separator}`;
  if (web.test(uri)) {
    const fragment = uri.indexOf('#');
    if (fragment === -1 || uri.charAt(fragment - 1) === '{') return `${uri}#${mark}`;
    return `${uri.slice(0, fragment + 1)}${mark}~${uri.slice(fragment + 1)}`;
  }
  const start = scheme.exec(uri)?.[0] ?? '';
  return `${start}${mark}${uri.slice(start.length)}`;
}

function unprefixedUri(uri: string): Unprefixed | undefined {
  if (web.test(uri)) {
    const found = webMark.exec(uri);
    if (found?.[1] === undefined) return undefined;
    const own = found[2] === '~' ? `#${uri.slice(found.index + found[0].length)}` : '';
    return { server: found[1], name: `${uri.slice(0, found.index)}${own}`, isCut: false };
  }
  const start = scheme.exec(uri)?.[0].length ?? 0;
  const seam = uri.indexOf(separator, start);
  if (seam <= start) return undefined;
  const name = `${uri.slice(0, start)}${uri.slice(seam + separator.length)}`;
  return { server: uri.slice(start, seam), name, isCut: false };
}
