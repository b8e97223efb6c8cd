// Which address is whose: the MCP endpoints, enrollment, the tunnel, health. Host and Origin are checked here, before any of them runs;
// only the health addresses answer under any name, because probes ask by IP address.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { enrollPath } from '#contract/enrollment.ts';
import { asFault, Fault } from '#contract/error.ts';
import { tunnelPath } from '#contract/frame.ts';
import { newId, Slug } from '#contract/id.ts';
import { answerFault, answerJson, refuseUpgrade } from './error.ts';
import type { Health } from './health.ts';
import { refuseForeign, type Site } from './origin.ts';

/** Where an MCP request arrived: a gateway and, on the un-prefixed route, the one server. */
export interface Target {
  readonly gateway: Slug;
  readonly server: Slug | undefined;
}
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
export type McpRoute = (request: IncomingMessage, response: ServerResponse, target: Target) => void | Promise<void>;
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Routes {
  readonly onRequest: Route;
  readonly onUpgrade: Upgrade;
}

const mcpPath = /^\/g\/([^/]+)(?:\/s\/([^/]+))?\/mcp$/;
const rememberAtMost = 1000;

/** Parts that are not there answer 404. */
export function createRoutes(deps: {
  site: Site;
  health: Health;
  mcp: McpRoute;
  enroll: Route;
  tunnel: Upgrade;
  logger: Logger;
}): Routes {
  const { site, health, logger } = deps;
  const targets = new Map<string, Target>();

  function targetOf(path: string): Target | undefined {
    const remembered = targets.get(path);
    if (remembered) return remembered;
    const target = parseTarget(path);
    if (target) {
      if (targets.size >= rememberAtMost) targets.clear();
      targets.set(path, target);
    }
    return target;
  }

  function route(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    const path = pathOf(request.url);
    if (path === '/healthz' || path === '/readyz') {
      allow(request, 'GET, HEAD');
      return path === '/healthz' ? answerJson(response, 200, { alive: true }) : answerReady(health, response);
    }
    refuseForeign(site, request);
    const target = targetOf(path);
    if (target) {
      allow(request, 'POST, DELETE');
      return deps.mcp(request, response, target);
    }
    if (path === enrollPath) {
      allow(request, 'POST');
      return deps.enroll(request, response);
    }
    if (path === tunnelPath) throw new Fault('UPGRADE_REQUIRED');
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
      socket.on('error', ignore);
      try {
        refuseForeign(site, request);
        if (pathOf(request.url) !== tunnelPath) throw new Fault('NOT_FOUND');
        socket.off('error', ignore);
        deps.tunnel(request, socket, head);
      } catch (error) {
        const fault = asFault(error, newId());
        if (fault.code === 'INTERNAL') logger.error({ err: error, reference: fault.fields['reference'] }, 'upgrade failed');
        refuseUpgrade(socket, fault);
      }
    },
  };
}

async function answerReady(health: Health, response: ServerResponse): Promise<void> {
  const reasons = await health.reasons();
  answerJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
}

function parseTarget(path: string): Target | undefined {
  const match = mcpPath.exec(path);
  if (!match) return undefined;
  const gateway = Slug.safeParse(match[1]);
  const server = match[2] === undefined ? undefined : Slug.safeParse(match[2]);
  if (!gateway.success || server?.success === false) return undefined;
  return { gateway: gateway.data, server: server?.data };
}

function pathOf(url: string | undefined): string {
  const query = url?.indexOf('?') ?? -1;
  return query < 0 ? (url ?? '') : (url ?? '').slice(0, query);
}

function allow(request: IncomingMessage, methods: string): void {
  if (!methods.split(', ').includes(request.method ?? '')) throw new Fault('METHOD_NOT_ALLOWED', { allow: methods });
}
