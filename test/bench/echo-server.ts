// The MCP server behind every target of the benchmark: JSON lines on stdio, one tool `echo`.
// It does as little as an honest server can, so that what is measured is the way to it. Answers leave in the order of the requests, one write per read.
import { stdin, stdout } from 'node:process';

interface Request {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly text?: string } };
}

const tool = {
  name: 'echo',
  description: 'Answers the text it was given.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
};
const textKey = Buffer.from('"text":"');
const [quote, backslash, lineEnd] = [0x22, 0x5c, 0x0a];

const partial: Buffer[] = [];

stdin.on('data', (chunk: Buffer) => {
  const answers: Buffer[] = [];
  let start = 0;
  for (let end = chunk.indexOf(lineEnd); end !== -1; end = chunk.indexOf(lineEnd, start)) {
    const piece = chunk.subarray(start, end);
    start = end + 1;
    const line = partial.length === 0 ? piece : Buffer.concat([...partial, piece]);
    partial.length = 0;
    if (line.length > 0) answers.push(...answer(line));
  }
  if (start < chunk.length) partial.push(chunk.subarray(start));
  if (answers.length > 0) stdout.write(Buffer.concat(answers));
});

/**
 * The answer to one line, in pieces. A text without escapes is carried over as bytes and only what is around it is parsed: a quote inside a
 * JSON string is always escaped, so these bytes can only be a key with its value.
 */
function answer(line: Buffer): readonly Buffer[] {
  const key = line.indexOf(textKey);
  const textAt = key + textKey.length;
  const textEnd = key === -1 ? -1 : line.indexOf(quote, textAt);
  const text = line.subarray(textAt, textEnd);
  if (textEnd === -1 || text.includes(backslash)) return parts(reply(JSON.parse(line.toString())));
  const around = line.toString('utf8', 0, textAt) + line.toString('utf8', textEnd);
  const whole = reply(JSON.parse(around));
  const place = whole?.lastIndexOf('""') ?? -1;
  if (whole === undefined || place === -1) return parts(whole);
  return [Buffer.from(whole.slice(0, place + 1)), text, Buffer.from(whole.slice(place + 1))];
}

function parts(reply: string | undefined): readonly Buffer[] {
  return reply === undefined ? [] : [Buffer.from(reply)];
}

/** The answer with its line end; none to a notification. */
function reply(request: Request): string | undefined {
  const { id } = request;
  if (id === undefined) return undefined;
  const result = resultOf(request);
  const outcome = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result };
  return JSON.stringify({ jsonrpc: '2.0', id, ...outcome }) + '\n';
}

/** No result: a method that a server of 2025-11-25 doesn't have, among them server/discover. */
function resultOf({ method, params }: Request): object | undefined {
  switch (method) {
    case 'tools/call':
      return { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] };
    case 'tools/list':
      return { tools: [tool] };
    case 'ping':
      return {};
    case 'initialize':
      return {
        protocolVersion: params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'bench-echo', version: '1.0.0' },
      };
    default:
      return undefined;
  }
}
