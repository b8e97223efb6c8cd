// One request of a 2026-07-28 host, with Node's own fetch: for setting up and for starts, never for what is measured in bulk.
const protocolVersion = '2026-07-28';

/** The whole answer as text, whatever its status. */
export async function ask(url: string, token: string, method: 'server/discover' | 'tools/list' | 'tools/call'): Promise<string> {
  const isCall = method === 'tools/call';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': protocolVersion,
    'mcp-method': method,
    ...(isCall ? { 'mcp-name': 'echo' } : {}),
  };
  const meta = { 'io.modelcontextprotocol/protocolVersion': protocolVersion, 'io.modelcontextprotocol/clientCapabilities': {} };
  const params = isCall ? { _meta: meta, name: 'echo', arguments: { text: 'here' } } : { _meta: meta };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return (await fetch(url, { method: 'POST', headers, body })).text();
}
