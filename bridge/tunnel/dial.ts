// The bridge's tunnel: dials, proves, offers, and dials again for as long as it is wanted. One attempt or one link at a time.
//
//   connecting -> connected -> offline(retryAt) -> connecting ...      refused: asked again every 30 s; a revoked one only by wake()
import type { ClientRequest } from 'node:http';
import { WebSocket } from 'ws';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import {
  closeCode,
  deadAfterMs,
  handshakeWithinMs,
  packetLimitBytes,
  pingAfterMs,
  tunnelSubprotocol,
  type FrameBody,
} from '#contract/frame.ts';
import type { Line } from '#contract/packet.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { RecentCall } from '#contract/recent-call.ts';
import type { Report } from '#contract/report.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { TunnelState } from '#contract/tunnel-state.ts';
import type { Pool } from '../server/pool.ts';
import { tunnelAt } from './address.ts';
import { createBackOff, refusedEveryMs } from './backoff.ts';
import { watchClock } from './clock.ts';
import { shakeHands, type Device } from './handshake.ts';
import type { HostChannel, HostChannelEvents } from './host-channel.ts';
import { Link, type HostOpen, type LinkDeps } from './link.ts';
import { createSecure } from './secure.ts';

export interface Tunnel {
  readonly state: TunnelState;
  /** What the device offers has changed: tell it. */
  offersChanged(): void;
  /** There is something new to report, or the posture is to be told. */
  reportsChanged(): void;
  /** Opens a channel for an AI host. Rejects with GATEWAY_UNREACHABLE where there is no tunnel, or the gateway's Fault. */
  openHost(open: HostOpen, events: HostChannelEvents): Promise<HostChannel>;
  /** Drops what there is and dials at once: after sleep no socket can be trusted. */
  wake(): void;
  /** Ends the tunnel and its children and dials no more. Idempotent. */
  close(): Promise<void>;
}

export interface DialDeps {
  readonly gatewayOrigin: string;
  readonly device: Device;
  readonly pool: Pool;
  /** Undefined while it isn't known yet: then nothing is told, because an empty list would be an answer. */
  readonly offers: () => readonly Offer[] | undefined;
  readonly onVerdicts: (verdicts: readonly Verdict[]) => void;
  /** Calls of the user, from a gateway that tells them. */
  readonly onCalls?: (calls: readonly RecentCall[]) => void;
  /** What the gateway hasn't put on record yet; said anew on each tunnel until it says that it has. */
  readonly reports?: () => readonly Report[];
  /** What the gateway is to know of the posture now; undefined while that isn't known. */
  readonly posture?: () => PostureSummary | undefined;
  readonly onNoted?: (ids: readonly string[]) => void;
  readonly onState: (state: TunnelState) => void;
  /** Certificates that are trusted beside Node's own, PEM. */
  readonly ca?: readonly string[] | string | undefined;
  readonly logger: Logger;
  readonly random: () => number;
  /** Name and version of this program. */
  readonly product: string;
  readonly now?: () => number;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  readonly handshakeWithinMs: number;
  readonly pingAfterMs: number;
  readonly deadAfterMs: number;
}

/** Refusals that a person sees as such: to dial again is not enough. */
const standingRefusals: ReadonlySet<string> = new Set(['WORKSTATION_REVOKED', 'PROOF_INVALID', 'TUNNEL_VERSION', 'SWITCHED_OFF']);

/** Throws GATEWAY_UNREACHABLE where the address is not https (or http on loopback). */
export function dial(deps: DialDeps): Tunnel {
  const { logger } = deps;
  const now = deps.now ?? Date.now;
  const timing: Timing = {
    handshakeWithinMs,
    pingAfterMs: pingAfterMs.bridge,
    deadAfterMs,
    ...deps.timing,
  };
  const { origin, url } = tunnelAt(deps.gatewayOrigin);
  const isTls = url.startsWith('wss:');
  const secure = createSecure(deps.ca);
  const backOff = createBackOff(deps.random);
  let state: TunnelState = { kind: 'connecting', since: now() };
  let link: Link | undefined;
  let attempt: { cancel(): void } | undefined;
  let retry: NodeJS.Timeout | undefined;
  let due: NodeJS.Timeout | undefined;
  let isClosed = false;
  let ending: Promise<void> = Promise.resolve();

  function become(next: TunnelState): void {
    state = next;
    deps.onState(next);
  }

  function connect(): void {
    clearTimeout(retry);
    if (isClosed) return;
    // It stays what it is until somebody turns it on again: a person need not see each time that it is asked.
    if (!isSwitchedOff(state)) become({ kind: 'connecting', since: now() });
    const socket = new WebSocket(url, tunnelSubprotocol, {
      perMessageDeflate: false,
      maxPayload: packetLimitBytes,
      followRedirects: false,
      finishRequest,
      ...(isTls ? secure.options() : {}),
    });
    let isOver = false;
    let stream: Line['stream'] | undefined;
    // Begins anew with each sign of life: in a storm every step waits for those of thousands, and to give up after some of them throws these away.
    const deadline = setTimeout(() => fail(`no answer within ${timing.handshakeWithinMs} ms`), timing.handshakeWithinMs);

    function finishRequest(request: ClientRequest): void {
      request.once('socket', (connection) => {
        secure.learn(connection);
        for (const step of ['connect', 'secureConnect']) connection.once(step, () => void (isOver || deadline.refresh()));
      });
      request.end();
    }

    function settle(): boolean {
      if (isOver) return false;
      isOver = true;
      clearTimeout(deadline);
      attempt = undefined;
      return true;
    }
    function fail(reason: string): void {
      if (!settle()) return;
      socket.terminate();
      waitAndRetry(reason);
    }
    attempt = {
      cancel() {
        if (settle()) socket.terminate();
      },
    };
    socket.on('error', (error) => fail(error.message));
    socket.on('close', (code) => fail(`the gateway closed the connection (${code})`));
    socket.on('upgrade', (response) => (stream = response.socket));
    socket.on('open', () => {
      deadline.refresh();
      shakeHands(socket, {
        device: deps.device,
        origin,
        product: deps.product,
        onWelcome(welcome, version) {
          if (stream === undefined) fail('the connection was not upgraded');
          else if (settle()) begin({ socket, stream }, welcome, version);
        },
        onRefused(fault) {
          if (!settle()) return;
          socket.terminate();
          refusedBy(fault);
        },
      });
    });
  }

  function begin(line: Pick<LinkDeps, 'socket' | 'stream'>, welcome: FrameBody<'welcome'>, version: number): void {
    const since = now();
    const begunMs = performance.now();
    const welcomed = ({ organization, gateways, hostsSignIn = false }: FrameBody<'welcome'>) =>
      become({ kind: 'connected', since, organization, gateways, hostsSignIn });
    const current = new Link({
      ...line,
      welcome,
      version,
      pool: deps.pool,
      onWelcome: welcomed,
      onVerdicts: deps.onVerdicts,
      onCalls: (calls) => deps.onCalls?.(calls),
      onNoted: (ids) => deps.onNoted?.(ids),
      onEnd(fault, refusal) {
        backOff.worked(begunMs, performance.now());
        // After wake() or close() nobody waits for the news.
        if (isClosed || link !== current) return;
        link = undefined;
        logger.info({ code: refusal?.code ?? fault.code }, 'tunnel closed');
        // The table's words for a lost tunnel are for the callers on it.
        if (refusal === undefined) waitAndRetry(fault.code === 'TUNNEL_LOST' ? 'the connection was lost' : fault.message);
        else refusedBy(refusal);
      },
      pingAfterMs: timing.pingAfterMs,
      deadAfterMs: timing.deadAfterMs,
      logger,
    });
    link = current;
    tickWhenDue(current);
    logger.info('tunnel opened');
    tellOffers(current);
    tellReports(current);
    welcomed(welcome);
  }

  /** An idle tunnel wakes nobody between one ping and the next. */
  function tickWhenDue(of: Link): void {
    clearTimeout(due);
    const tick = (): void => {
      if (of === link) of.tick();
      if (of === link) tickWhenDue(of);
    };
    due = setTimeout(tick, Math.max(Math.ceil(of.dueMs - performance.now()), 1));
  }

  function tellOffers(to: Link): void {
    const offers = deps.offers();
    if (offers !== undefined) to.tellOffers(offers);
  }

  function tellReports(to: Link): void {
    to.tellReports(deps.reports?.() ?? [], deps.posture?.());
  }

  function refusedBy(fault: Fault): void {
    const { code, message } = fault;
    logger.warn({ code }, 'the gateway refuses the tunnel');
    if (code === 'TUNNEL_REPLACED') return waitAndRetry(message, refusedEveryMs);
    if (!standingRefusals.has(code)) return waitAndRetry(message);
    const since = now();
    // Somebody turns it on again, perhaps in a moment.
    const waitMs =
      code === 'WORKSTATION_REVOKED' ? null : code === 'SWITCHED_OFF' ? backOff.next(performance.now()) : refusedEveryMs;
    const retryAtMs = waitMs === null ? null : since + waitMs;
    become({ kind: 'refused', since: isSwitchedOff(state) ? state.since : since, code, message, retryAtMs });
    if (waitMs !== null) schedule(waitMs);
  }

  function waitAndRetry(reason: string, waitMs = backOff.next(performance.now())): void {
    const since = now();
    become({ kind: 'offline', since, reason, retryAtMs: since + waitMs });
    schedule(waitMs);
  }

  function schedule(waitMs: number): void {
    clearTimeout(retry);
    if (!isClosed) retry = setTimeout(connect, waitMs);
  }

  function wake(): void {
    if (isClosed) return;
    attempt?.cancel();
    const old = link;
    link = undefined;
    if (old !== undefined) ending = old.end(new Fault('TUNNEL_LOST'), closeCode.silent);
    connect();
  }

  const clock = watchClock({ now, onJump: wake });
  connect();

  return {
    get state() {
      return state;
    },
    offersChanged() {
      if (link !== undefined) tellOffers(link);
    },
    reportsChanged() {
      if (link !== undefined) tellReports(link);
    },
    openHost(open, events) {
      if (link === undefined) return Promise.reject(new Fault('GATEWAY_UNREACHABLE', { reason: reasonOf(state) }));
      return link.openHost(open, events);
    },
    wake,
    async close() {
      if (!isClosed) {
        isClosed = true;
        clearTimeout(due);
        clearTimeout(retry);
        clock.close();
        attempt?.cancel();
        if (link !== undefined) ending = link.end(new Fault('STOPPING'));
      }
      await ending;
    },
  };
}

function isSwitchedOff(state: TunnelState): boolean {
  return state.kind === 'refused' && state.code === 'SWITCHED_OFF';
}

function reasonOf(state: TunnelState): string {
  if (state.kind === 'offline') return state.reason;
  return state.kind === 'refused' ? state.message : 'it is being dialed';
}
