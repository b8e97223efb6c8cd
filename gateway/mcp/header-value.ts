// Values of the headers that mirror a part of the body (specification 2026-07-28, basic/transports/streamable-http, "Value Encoding"): as they are, or
// as `=?base64?…?=`. The rule: a value that says it is encoded and is not, exactly, stands for nothing, so that no two readers can take it differently.
import { isUtf8 } from 'node:buffer';

/** The value that a header stands for; undefined where it is encoded wrongly. */
export function decodeHeaderValue(value: string): string | undefined {
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The value as a header carries it: encoded where it is not plain printable ASCII, or would be read as encoded. */
export function encodeHeaderValue(value: string): string {
  const isPlain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value);
  return isPlain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}
