// Parameters of a tool that headers mirror (`x-mcp-header`, specification 2026-07-28, basic/transports/streamable-http): which those are, and whether what
// the headers say is what the body says. The rule: what an intermediary may have routed by is what the server gets, or the request is refused.
import { Fault } from '#contract/error.ts';
import { decodeHeaderValue } from './header-value.ts';
import { isObject } from './jsonrpc.ts';

/** Headers whose name begins so, by their lower-case name. */
export type ParamHeaders = ReadonlyMap<string, string>;
export const paramHeaderPrefix = 'mcp-param-';

/** A parameter that a header mirrors. */
export interface Mirrored {
  /** The header's lower-case name. */
  readonly header: string;
  /** The keys that lead to it in the call's arguments. */
  readonly path: readonly string[];
}

const depthLimit = 16;
const countLimit = 100;
/** A field-name (RFC 9110, section 5.1). */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Those that a tool's definition names where the specification allows it: below nothing but `properties`. Others bind nobody. */
export function mirroredOf(tool: unknown): readonly Mirrored[] {
  const found: Mirrored[] = [];
  const visit = (schema: unknown, path: readonly string[]): void => {
    const properties = isObject(schema) ? schema['properties'] : undefined;
    if (!isObject(properties) || path.length >= depthLimit) return;
    for (const [key, property] of Object.entries(properties)) {
      if (!isObject(property)) continue;
      const name = property['x-mcp-header'];
      const at = [...path, key];
      if (typeof name === 'string' && token.test(name) && found.length < countLimit)
        found.push({ header: `${paramHeaderPrefix}${name.toLowerCase()}`, path: at });
      visit(property, at);
    }
  };
  visit(isObject(tool) ? tool['inputSchema'] : undefined, []);
  return found;
}

/** Throws HEADER_MISMATCH. `args` are the call's arguments, parsed. */
export function checkParamHeaders(mirrored: readonly Mirrored[], args: unknown, headers: ParamHeaders): void {
  for (const { header, path } of mirrored) {
    const given = headers.get(header);
    const value = path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), args);
    const isAbsent = value === undefined || value === null;
    if (isAbsent ? given !== undefined : given === undefined || !says(given, value))
      throw new Fault('HEADER_MISMATCH', { header });
  }
}

/** Whether a header's value stands for this value. Numbers agree as numbers: 42.0 is 42. */
function says(given: string, value: unknown): boolean {
  const text = decodeHeaderValue(given);
  if (typeof value === 'string') return text === value;
  if (typeof value === 'boolean') return text === String(value);
  return typeof value === 'number' && text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) && Number(text) === value;
}
