// A resource that is listed and on hold, read by another spelling of its URI: a template that begins with an expression, or that all are exposed, lets such a spelling
// through, and its server may take it for the same. The rule: what counts is what is listed under the name as it was asked for; only where nothing is, this is looked at.
import type { Assignment, Pins, SeenItem } from '../call.ts';
import { spellingsOf } from '../mcp/uri-spelling.ts';

/** Hashes of definitions by their URIs, as a caller was shown them. */
type Shown = ReadonlyMap<string, string>;

/** Of a longer URI nobody looks whether it is alike, and it passes for that: none is so long, and to spell one of 8 MiB takes a second. */
const charactersAtMost = 65_536;

/** The one on hold that is spelled alike; undefined where there is none. */
export function createHeldAlike(): (of: { readonly assignment: Assignment }, listed: Shown, uri: string) => SeenItem | undefined {
  // Both are other ones where anything of them changed.
  const known = new WeakMap<Pins, WeakMap<Shown, ReadonlyMap<string, SeenItem>>>();

  return ({ assignment: { pins } }, listed, uri) => {
    if (!pins || listed.size === 0) return undefined;
    const ofPins = known.get(pins) ?? new WeakMap<Shown, ReadonlyMap<string, SeenItem>>();
    known.set(pins, ofPins);
    const held = ofPins.get(listed) ?? heldIn(pins, listed);
    ofPins.set(listed, held);
    const [first] = held.values();
    if (first === undefined || uri.length > charactersAtMost) return first;
    return spellingsOf(uri)
      .map((spelling) => held.get(spelling))
      .find((one) => one !== undefined);
  };
}

function heldIn(pins: Pins, listed: Shown): ReadonlyMap<string, SeenItem> {
  const kind = 'resources';
  const held = [...listed].filter(([name, definition]) => pins.stateOf(kind, name, definition) !== 'accepted');
  return new Map(
    held.flatMap(([name, definition]) => spellingsOf(name).map((spelling) => [spelling, { kind, name, definition }] as const)),
  );
}
