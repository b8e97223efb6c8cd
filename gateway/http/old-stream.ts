// HTTP+SSE, the transport of 2024-11-05, at `…/sse` beside each `…/mcp`: GET opens a stream whose first event says where to POST, and everything for the
// host comes on it. The rule: the stream is the session, of its owner alone, and both end together.
import { randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { type TokenCheck, TokenRefused } from '../caller/token.ts';
import type { Caller, Identified } from '../call.ts';
import { encoderFor } from '../mcp/encode.ts';
import { type LineDeps, serveLine } from '../mcp/line.ts';
import { HostStream, streamHeaders } from '../mcp/stream.ts';
import { admission } from './admit.ts';
import { readBody } from './body.ts';
import { Exchange, type ExchangeDeps } from './exchange.ts';
import type { McpRoute } from './routes.ts';

export interface OldRouteDeps extends ExchangeDeps, Pick<LineDeps, 'onRootsChanged' | 'onEnd'> {
  readonly tokenCheck: TokenCheck;
  readonly messageLimitBytes: number;
}
type Target = Identified['target'];
interface Open {
  readonly owner: string;
  readonly onMessage: (body: Buffer) => void;
}

const limitPerUser = 100;

export function createOldRoute(deps: OldRouteDeps): McpRoute {
  const { tokenCheck, pipeline, readers } = deps;
  const streams = new Map<string, Open>();

  function open({ request, response }: Exchange, caller: Caller, target: Target, path: string): void {
    const { authorization, accept } = request.headers;
    if (!/text\/(?:event-stream|\*)|\*\/\*/i.test(accept ?? '')) throw new Fault('NOT_ACCEPTABLE');
    pipeline.admit(caller, target);
    const ofUser = [...streams.values()].filter(({ owner }) => owner.startsWith(`${caller.user.id}\n`));
    if (ofUser.length >= limitPerUser) throw new Fault('SESSION_LIMIT');
    const id = randomBytes(24).toString('base64url');
    const stream = new HostStream(0, undefined);
    const channel = {
      get queuedBytes() {
        return response.writableLength;
      },
      send: (message: Buffer) => stream.send(message, true),
      close: () => stream.close(),
    };
    const line = serveLine({ ...deps, caller, target, channel });
    streams.set(id, { owner: ownerOf(caller, target), onMessage: (body) => line.onMessage(body) });
    response.on('close', () => {
      streams.delete(id);
      line.onClosed(undefined);
    });
    response.writeHead(200, streamHeaders).write(`event: endpoint\ndata: ${path}?sessionId=${id}\n\n`);
    stream.attach(response, undefined);
    readers.add(response, admission(deps, authorization, caller, target));
  }

  async function take(exchange: Exchange, caller: Caller, target: Target): Promise<void> {
    const { request } = exchange;
    const id = new URLSearchParams(request.url?.split('?')[1]).get('sessionId');
    if (id === null) throw new Fault('SESSION_REQUIRED');
    const stream = streams.get(id);
    if (stream?.owner !== ownerOf(caller, target)) throw new Fault('SESSION_UNKNOWN');
    if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) throw new Fault('MEDIA_TYPE');
    const body = await readBody(request, deps.messageLimitBytes);
    exchange.accept();
    stream.onMessage(body);
  }

  return async (request, response, address) => {
    const exchange = new Exchange(deps, request, response);
    try {
      const caller = await tokenCheck.callerOf(request.headers.authorization);
      exchange.arrived.caller = caller;
      const target = { gateway: address.gateway ?? caller.gateway, server: address.server };
      if (request.method === 'GET') open(exchange, caller, target, address.path.replace(/mcp(?:\?.*)?$/, 'sse'));
      else await take(exchange, caller, target);
    } catch (thrown) {
      if (thrown instanceof TokenRefused) exchange.arrived.former = thrown.former;
      if (!exchange.arrived.caller) response.setHeader('WWW-Authenticate', 'Bearer realm="Drawbridge"');
      exchange.send(await pipeline.refuse(exchange.arrived, thrown, encoderFor('legacy', 'null')), thrown);
    }
  };
}

function ownerOf({ user, host }: Caller, { gateway, server }: Target): string {
  return [user.id, host, gateway, server ?? ''].join('\n');
}
