// The tool messages of MCP as the gateway sends and reads them upstream: raw, with only the id and the tool's name changed.
import { Fault } from '#contract/error.ts';
import { fold, isObject, paramSpan, type RequestMessage } from '../mcp/jsonrpc.ts';
import { elementsOf, membersOf, splice } from '../mcp/span.ts';
import type { ListedTool, Reply } from './upstream.ts';

/** The host's tools/call with the session's id and the upstream's own tool name; every other byte as it came. */
export function callMessage(body: Buffer, request: RequestMessage, id: number, tool: string): Buffer {
  const name = paramSpan(request.params, 'name');
  const edits = [{ span: request.idSpan, by: String(id) }];
  if (name && request.params.value['name'] !== tool) edits.push({ span: name, by: JSON.stringify(tool) });
  return splice(
    body,
    edits.toSorted((a, b) => a.span.start - b.span.start),
  );
}

export function toolsRequest(id: number, cursor: string | undefined): Buffer {
  return Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params: cursor === undefined ? {} : { cursor } }),
  );
}

/** One page of a tools/list answer. A tool that names a key twice, or has no name, is left out: nobody could say which tool it is. */
export function readTools({ body, message }: Reply, server: string): { tools: ListedTool[]; nextCursor: string | undefined } {
  if (message.error) throw new Fault('SERVER_GARBAGE', { server, reason: 'it answered tools/list with an error' });
  if (!message.result || !isObject(message.value))
    throw new Fault('SERVER_GARBAGE', { server, reason: 'its list of tools is not an object' });
  const list = membersOf(body, message.result.start).find((member) => member.key === 'tools');
  const tools = list ? elementsOf(body, list.value.start).flatMap(({ start, end }) => readTool(body.subarray(start, end))) : [];
  const cursor = message.value['nextCursor'];
  return { tools, nextCursor: typeof cursor === 'string' && cursor !== '' ? cursor : undefined };
}

/** Without the tools whose name another one bears too: nobody could say which of them a call means, so none is shown. */
export function unambiguous(tools: readonly ListedTool[], onDropped: () => void): readonly ListedTool[] {
  const count = new Map<string, number>();
  for (const { name } of tools) count.set(name, (count.get(name) ?? 0) + 1);
  if (count.size === tools.length) return tools;
  return tools.filter(({ name }) => {
    const isOnly = count.get(name) === 1;
    if (!isOnly) onDropped();
    return isOnly;
  });
}

function readTool(json: Buffer): ListedTool[] {
  const members = membersOf(json, 0);
  const names = members.filter((member) => fold(member.key) === 'NAME');
  const [only, second] = names;
  if (only?.key !== 'name' || second) return [];
  const name: unknown = JSON.parse(json.toString('utf8', only.value.start, only.value.end));
  return typeof name === 'string' ? [{ name, json, nameSpan: only.value }] : [];
}
