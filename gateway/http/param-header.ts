// The headers of a request that mirror parameters of a tool: Mcp-Param-… (specification 2026-07-28, basic/transports/streamable-http).
import type { IncomingHttpHeaders } from 'node:http';
import { type ParamHeaders, paramHeaderPrefix } from '../mcp/param-header.ts';

/** Undefined where there are none, as in nearly every request. One that came several times stands for all its values, as HTTP joins them. */
export function paramHeadersOf(headers: IncomingHttpHeaders): ParamHeaders | undefined {
  let found: Map<string, string> | undefined;
  for (const name in headers) {
    const value = name.startsWith(paramHeaderPrefix) ? headers[name] : undefined;
    if (value !== undefined) (found ??= new Map()).set(name, [value].flat().join(', '));
  }
  return found;
}
