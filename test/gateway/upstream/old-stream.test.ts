// Servers of the transport of 2024-11-05 that answer as no good one would: each scripted, over real connections.
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { Fault } from '#contract/error.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { openRemote } from '../../../gateway/upstream/remote-open.ts';
import { type Heard, listen, type Seen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';

const server = Slug.parse('tracker');

function open(of: Heard, transport: 'auto' | 'sse' = 'sse') {
  const egress = createEgress({ onRefused: () => undefined });
  const opening = openRemote({
    egress,
    server,
    remote: {
      url: `${of.origin}/sse`,
      origin: of.origin,
      allowPrivate: ['127.0.0.0/8'],
      transport,
      egress: undefined,
      isSigned: false,
      auth: undefined,
    },
    credential: { header: 'Authorization', value: new Secret('Bearer precious') },
    limitBytes: 65_536,
    abilities: noAbilities,
    known: undefined,
    knownAbout: undefined,
    context: 'one',
    startWithinMs: 5000,
    timeoutMs: 5000,
    refused: (status) => new Fault('IDENTITY_REFUSED', { server, status, whose: 'identity', option: '' }),
    renewed: () => Promise.resolve(false),
    onDropped: () => undefined,
    screen: (_, body, tell) => tell(body),
    onClosed: () => undefined,
    onMistaken: () => undefined,
  });
  onTestFinished(async () => {
    await opening.then(({ talk }) => talk.close()).catch(() => undefined);
    await egress.close();
  });
  return opening.then(({ talk }) => talk);
}
const compose = (id: number) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list' }));
const ask = (talk: Awaited<ReturnType<typeof open>>) =>
  talk.request({ method: 'tools/list', compose, timeoutMs: 4000 }, new AbortController().signal);
const idOf = ({ body }: Seen) => (JSON.parse(body) as { id?: number }).id;

interface Streaming {
  readonly heard: Heard;
  say(text: string): void;
}
/** Shakes hands as every one does; `onPost` answers the POST of what comes then. */
async function streaming(
  onPost: (seen: Seen, response: ServerResponse, say: (text: string) => void) => void,
  endpoint = '/messages',
): Promise<Streaming> {
  let stream: ServerResponse | undefined;
  const say = (text: string) => void stream?.write(text);
  const heard = await listen((seen, response) => {
    if (seen.method === 'GET') {
      stream = response;
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${endpoint}\n\n`);
    }
    const { id, method } = JSON.parse(seen.body) as { id?: number; method: string };
    if (method !== 'initialize' && method !== 'notifications/initialized') return onPost(seen, response, say);
    response.writeHead(202).end('Accepted');
    const result = { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'a', version: '1' } };
    if (id !== undefined) say(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
  });
  return { heard, say };
}
const answer = (seen: Seen) => `data: ${JSON.stringify({ jsonrpc: '2.0', id: idOf(seen), result: { tools: [] } })}\n\n`;

test('an address of another origin gets neither a message nor the credential', async () => {
  proves('remote.endpoint-at-home', {
    file: 'gateway/upstream/old-stream.ts',
    find: 'if (url?.origin !== remote.origin || url.username || url.password)',
    replace: 'if (!url)',
  });
  const other = await listen((_, response) => response.writeHead(202).end());
  const { heard } = await streaming((_, response) => response.writeHead(202).end(), `${other.origin}/messages`);
  await expect(open(heard)).rejects.toMatchObject({ code: 'EGRESS_FORBIDDEN' });
  expect(other.connections()).toBe(0);
  for (const endpoint of ['file:///etc/passwd', 'http://ada:pw@127.0.0.1/', '//elsewhere.example/x', 'http://[']) {
    const odd = await streaming((_, response) => response.writeHead(202).end(), endpoint);
    await expect(open(odd.heard)).rejects.toMatchObject({ code: 'EGRESS_FORBIDDEN' });
  }
});

test('initialized is taken before anything else is sent, and the credential goes with each message', async () => {
  const { heard } = await streaming((seen, response, say) => {
    response.writeHead(202).end();
    say(answer(seen));
  });
  const talk = await open(heard);
  await Promise.all([ask(talk), ask(talk)]);
  const posted = heard.seen.filter(({ method }) => method === 'POST');
  expect(posted.slice(0, 2).map(({ body }) => (JSON.parse(body) as { method: string }).method)).toEqual([
    'initialize',
    'notifications/initialized',
  ]);
  expect(posted).toHaveLength(4);
  expect(heard.seen.every(({ headers }) => headers.authorization === 'Bearer precious')).toBe(true);
});

test('a POST that fails fails its own call, and is not repeated', async () => {
  let isFirst = true;
  const { heard } = await streaming((seen, response, say) => {
    const status = isFirst ? 500 : 202;
    isFirst = false;
    response.writeHead(status).end();
    if (status === 202) say(answer(seen));
  });
  const talk = await open(heard);
  await expect(ask(talk)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED', fields: { status: 500 } });
  expect((await ask(talk)).message.result).toBeDefined();
  expect(heard.seen.filter(({ body }) => body.includes('tools/list'))).toHaveLength(2);
});

test('a server that asks to wait is told as such, where the stream is asked for and where something is posted', async () => {
  const full = await listen((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
  await expect(open(full)).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', fields: { seconds: 7 } });
  const { heard } = await streaming((_, response) => response.writeHead(429, { 'retry-after': '8' }).end());
  await expect(ask(await open(heard))).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', fields: { seconds: 8 } });
});

test('a stream that ends fails what waits at once, an event beyond the limit too', async () => {
  const dying = await streaming((_, response) => {
    response.writeHead(202).end();
    dying.heard.close();
  });
  await expect(ask(await open(dying.heard))).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  const wordy = await streaming((_, response, say) => {
    response.writeHead(202).end();
    say(`data: ${'x'.repeat(70_000)}\n\n`);
  });
  await expect(ask(await open(wordy.heard))).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
});

test('where the identity is refused, or nothing is known of the transport, that is what is said', async () => {
  const refusing = await listen((_, response) => response.writeHead(401).end());
  await expect(open(refusing)).rejects.toMatchObject({ code: 'IDENTITY_REFUSED' });
  const missing = await listen((_, response) => response.writeHead(404).end());
  await expect(open(missing)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED', fields: { status: 404 } });
  await expect(open(missing, 'auto')).rejects.toMatchObject({ code: 'UPSTREAM_FAILED', fields: { status: 404 } });
  const page = await listen((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'));
  await expect(open(page)).rejects.toMatchObject({ code: 'SERVER_GARBAGE' });
});
