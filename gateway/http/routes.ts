// Which address is whose: the MCP endpoints, sign-in, enrollment, the tunnel, health. Host and Origin are checked here, before any of them runs;
// only the health addresses answer under any name, because probes ask by IP address.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { enrollPath } from '#contract/enrollment.ts';
import { asFault, Fault } from '#contract/error.ts';
import { tunnelPath } from '#contract/frame.ts';
import { newId } from '#contract/id.ts';
import { type Address, addressOf } from '../mcp/address.ts';
import { refuseDoubled } from './doubled.ts';
import { answerFault, answerJson, refuseUpgrade } from './error.ts';
import { type HeadCheck, headOf } from './head.ts';
import type { Health } from './health.ts';
import { refuseForeign, type Site } from './origin.ts';
import { refuseElsewhere, takeNamed } from './target.ts';
import type { WellKnown } from './well-known.ts';

export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
export type McpRoute = (request: IncomingMessage, response: ServerResponse, address: Address) => void | Promise<void>;
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Routes {
  readonly onRequest: Route;
  readonly onUpgrade: Upgrade;
}

const rememberAtMost = 1000;

/** Parts that are not there answer 404. */
export function createRoutes(deps: {
  site: Site;
  health: Health;
  mcp: McpRoute;
  /** The same by the transport of 2024-11-05. */
  oldMcp: McpRoute;
  enroll: Route;
  /** What people's browsers open, and the addresses of sign-in; undefined where a path is none of them. */
  pages: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;
  wellKnown: WellKnown;
  /** The admin API; undefined where a path is none of its. */
  admin: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;
  /** The directory's; undefined where a path is none of its. */
  scim: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;
  /** Takes an upgraded connection over, at once or when it resolves. */
  tunnel: (...of: Parameters<Upgrade>) => void | Promise<void>;
  logger: Logger;
}): Routes {
  const { site, health, logger } = deps;
  const addresses = new Map<string, Address>();
  const refuseOdd: HeadCheck = (request) => {
    refuseDoubled(request);
    refuseForeign(site, request);
  };

  function addressAt(path: string, url: string): Address | undefined {
    // Only there the query says where to.
    if (path === '/mcp') return addressOf(url);
    const remembered = addresses.get(path);
    if (remembered) return remembered;
    const address = addressOf(path);
    if (address) {
      if (addresses.size >= rememberAtMost) addresses.clear();
      addresses.set(path, address);
    }
    return address;
  }

  function route(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    const named = takeNamed(request);
    const path = pathOf(request.url);
    if (path === '/healthz' || path === '/readyz') {
      allow(request, 'GET, HEAD');
      return path === '/healthz' ? answerJson(response, 200, { alive: true }) : answerReady(health, response);
    }
    headOf(request).check(request, refuseOdd);
    // Not of its head: each request says its target anew.
    if (named) refuseElsewhere(site, request, named);
    const address = addressAt(path, request.url ?? '');
    if (address) {
      if (request.method !== 'POST') allow(request, 'GET, POST, DELETE');
      return deps.mcp(request, response, address);
    }
    const old = path.endsWith('/sse') ? addressAt(`${path.slice(0, -3)}mcp`, `${path.slice(0, -3)}mcp`) : undefined;
    if (old) {
      allow(request, 'GET, POST');
      return deps.oldMcp(request, response, old);
    }
    if (path === enrollPath) {
      allow(request, 'POST');
      return deps.enroll(request, response);
    }
    if (path === tunnelPath) throw new Fault('UPGRADE_REQUIRED');
    // Each of these reads its query out of it. `//[` is a target that Node lets through.
    if (!URL.canParse(request.url ?? '', site.publicOrigin)) throw new Fault('NOT_FOUND');
    const known =
      deps.wellKnown(request, response, path) ?? deps.admin(request, response, path) ?? deps.scim(request, response, path);
    if (known) return known;
    const answering = deps.pages(request, response, path);
    if (answering) return answering;
    throw new Fault('NOT_FOUND');
  }

  return {
    onRequest(request, response) {
      try {
        const answering = route(request, response);
        if (answering) answering.catch((error: unknown) => answerFault(response, error, logger));
      } catch (error) {
        answerFault(response, error, logger);
      }
    },
    onUpgrade(request, socket, head) {
      // Until a WebSocket takes over nobody else listens, and an unheard error would end the process.
      const ignore = () => socket.destroy();
      const taken = () => void socket.off('error', ignore);
      const refuse = (error: unknown): void => {
        const fault = asFault(error, newId());
        if (fault.code === 'INTERNAL') logger.error({ err: error, reference: fault.fields['reference'] }, 'upgrade failed');
        refuseUpgrade(socket, fault);
      };
      socket.on('error', ignore);
      try {
        refuseOdd(request);
        const named = takeNamed(request);
        if (named) refuseElsewhere(site, request, named);
        if (pathOf(request.url) !== tunnelPath) throw new Fault('NOT_FOUND');
        const taking = deps.tunnel(request, socket, head);
        if (taking) taking.then(taken).catch(refuse);
        else taken();
      } catch (error) {
        refuse(error);
      }
    },
  };
}

async function answerReady(health: Health, response: ServerResponse): Promise<void> {
  const reasons = await health.reasons();
  answerJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
}

function pathOf(url: string | undefined): string {
  const query = url?.indexOf('?') ?? -1;
  return query < 0 ? (url ?? '') : (url ?? '').slice(0, query);
}

function allow(request: IncomingMessage, methods: string): void {
  if (!methods.split(', ').includes(request.method ?? '')) throw new Fault('METHOD_NOT_ALLOWED', { allow: methods });
}
