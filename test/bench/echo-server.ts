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

const partial: Buffer[] = [];

stdin.on('data', (chunk: Buffer) => {
  let answers = '';
  let start = 0;
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    const piece = chunk.subarray(start, end);
    start = end + 1;
    const line = partial.length === 0 ? piece : Buffer.concat([...partial, piece]);
    partial.length = 0;
    if (line.length > 0) answers += answer(line.toString());
  }
  if (start < chunk.length) partial.push(chunk.subarray(start));
  if (answers !== '') stdout.write(answers);
});

/** The answer to one line with its line end; empty for a notification. */
function answer(line: string): string {
  const request: Request = JSON.parse(line);
  if (request.id === undefined) return '';
  const { id } = request;
  const reply = (result: object): string => JSON.stringify({ jsonrpc: '2.0', id, result }) + '\n';
  switch (request.method) {
    case 'tools/call':
      return reply({ content: [{ type: 'text', text: request.params?.arguments?.text ?? '' }] });
    case 'tools/list':
      return reply({ tools: [tool] });
    case 'ping':
      return reply({});
    case 'initialize':
      return reply({
        protocolVersion: request.params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'bench-echo', version: '1.0.0' },
      });
    default: // among them server/discover: this is a server of 2025-11-25
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }) + '\n';
  }
}
