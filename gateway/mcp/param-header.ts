// Parameters of a tool that headers mirror (`x-mcp-header`, specification 2026-07-28, basic/transports/streamable-http): which those are, and whether what
// the headers say is what the body says. The rule: what an intermediary may have routed by is what the server gets, or the request is refused.
import { Fault } from '#contract/error.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
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
    const value = valueAt(args, path);
    const isAbsent = value === undefined || value === null;
    if (isAbsent ? given !== undefined : given === undefined || !says(given, value))
      throw new Fault('HEADER_MISMATCH', { header });
  }
}

/** The headers of a call with these arguments, by lower-case name. What is absent, null or of another kind than headers can carry has none. */
export function paramHeadersFor(mirrored: readonly Mirrored[], args: unknown): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { header, path } of mirrored) {
    const value = valueAt(args, path);
    const isCarried = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (isCarried) headers[header] = encodeHeaderValue(String(value));
  }
  return headers;
}

/**
 * Whether every `x-mcp-header` of a tool stands where the specification allows one, on a string, an integer or a boolean, under a name of its own. A client
 * leaves out the tools of which that is not so.
 */
export function isMirroredAsAllowed(tool: unknown): boolean {
  const schema = isObject(tool) ? tool['inputSchema'] : undefined;
  const headers = mirroredOf(tool).map(({ header }) => header);
  return (
    new Set(headers).size === headers.length && headers.length === allowedMarks(schema) && allowedMarks(schema) === marks(schema)
  );
}

/** Marks of properties that properties alone lead to, on what a header can carry. */
function allowedMarks(schema: unknown, depth = 0): number {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  if (!isObject(properties) || depth >= depthLimit) return 0;
  let count = 0;
  for (const property of Object.values(properties)) {
    if (isObject(property) && typeof property['x-mcp-header'] === 'string' && carried.has(property['type'])) count++;
    count += allowedMarks(property, depth + 1);
  }
  return count;
}

/** Marks anywhere in a schema. What `properties` names are names, and what these keys hold is data. */
function marks(schema: unknown, depth = 0): number {
  if (depth > 2 * depthLimit) return Infinity;
  if (Array.isArray(schema)) return schema.reduce<number>((count, one) => count + marks(one, depth + 1), 0);
  if (!isObject(schema)) return 0;
  let count = Object.hasOwn(schema, 'x-mcp-header') ? 1 : 0;
  for (const [key, value] of Object.entries(schema)) {
    if (data.has(key)) continue;
    if (!named.has(key) || !isObject(value)) count += marks(value, depth + 1);
    else for (const one of Object.values(value)) count += marks(one, depth + 1);
  }
  return count;
}

const carried: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
const data: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'x-mcp-header']);
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

function valueAt(args: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), args);
}

/** Whether a header's value stands for this value. Numbers agree as numbers: 42.0 is 42. */
function says(given: string, value: unknown): boolean {
  const text = decodeHeaderValue(given);
  if (typeof value === 'string') return text === value;
  if (typeof value === 'boolean') return text === String(value);
  return typeof value === 'number' && text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) && Number(text) === value;
}
