// All tunnels of this gateway server. One per device key: a second one with the same key cuts the first. Whatever changes in the store is applied
// to the tunnels that are up: revoked workstations are cut, new verdicts and gateways are told.
import type { Logger } from 'pino';
import { asFault, Fault } from '#contract/error.ts';
import { closeCode, deadAfterMs, defaultMessageLimitBytes, handshakeWithinMs, pingAfterMs } from '#contract/frame.ts';
import { newId, type OrganizationId, type Slug, type UserId, type WorkstationId } from '#contract/id.ts';
import { Packets } from '#contract/packet.ts';
import type { CallRecord } from '#contract/audit.ts';
import type { Recorder } from '../audit/record.ts';
import type { Bus } from '../bus/bus.ts';
import { createStateReader, type ReadState } from '../state.ts';
import type { Store } from '../store/store.ts';
import { createRefusals, eventRecord, type EventDraft } from '../workstation/event.ts';
import { every } from '../wake.ts';
import { checkProof, type Member } from '../workstation/proof.ts';
import { createVerifier } from '../workstation/verifier.ts';
import { createCallNews } from './call-news.ts';
import { Doorway } from './doorway.ts';
import { gathering } from './gather.ts';
import { hungUp, type Guest, type Line } from './guest.ts';
import { challenge, refuse, shakeHands, type Handshake } from './handshake.ts';
import type { AcceptHost, Hub, Presence } from './hub.ts';
import { Heartbeats } from './heartbeat.ts';
import { Link, type LinkDeps } from './link.ts';
import { createLookBack } from './look-back.ts';
import { createPostureDesk } from './posture.ts';
import { createReportDesk } from './report.ts';
import { createReview } from './review.ts';
import { createStanding } from './standing.ts';

export interface Tunnels extends Hub {
  /** Takes over a WebSocket that just opened. */
  accept(line: Line, from: { readonly address: string }): void;
  /** What is switched off has changed: tunnels and local servers that are off now are cut. */
  switched(): void;
  /** A call's record was kept: its user's workstations are told soon. */
  recorded(record: CallRecord): void;
  /** Tunnels that are up. */
  count(): number;
  /** Those who connected and are not proven yet. */
  greeting(): number;
  /** Those who ever connected. */
  greeted(): number;
  /** Those of them whose proof is being worked on. */
  proving(): number;
  /** Ends every tunnel and takes no more. Idempotent. */
  close(): Promise<void>;
}

export interface TunnelsDeps {
  readonly store: Store;
  /** Shared with others who follow the store; absent: by itself. */
  readonly readState?: ReadState;
  readonly bus: Bus;
  readonly organization: OrganizationId;
  readonly publicOrigin: string;
  readonly recorder: Recorder;
  readonly logger: Logger;
  readonly now: () => number;
  readonly messageLimitBytes?: number;
  readonly acceptHost: AcceptHost;
  /** SWITCHED_OFF, where a workstation with its user is, or a server for all; absent: nothing ever is. */
  readonly off?: {
    readonly member: (member: Member) => Fault | undefined;
    readonly server: (server: Slug) => Fault | undefined;
  };
  /** Whether any host can sign in by itself; absent: none. */
  readonly hostsSignIn?: () => boolean;
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<Timing>;
}

interface Limits {
  /** Handshakes that are worked on at once. */
  readonly handshakes: number;
  /** Handshakes, with those that wait for their turn. */
  readonly waiting: number;
  readonly tunnels: number;
}

interface Timing {
  readonly handshakeWithinMs: number;
  readonly pingAfterMs: number;
  readonly deadAfterMs: number;
  /** How often deadlines and what is left to do are looked at; pings and silence four times as often. */
  readonly tickEveryMs: number;
}

/** So many proofs at once are a storm: then looks and commits are shared by those who come within a quarter of a ms for each of them, up to so many ms. */
const storm = { proofs: 16, gatherAtMostMs: 40 } as const;

export function createTunnels(deps: TunnelsDeps): Tunnels {
  const { store, recorder, logger, now } = deps;
  const timing: Timing = {
    handshakeWithinMs,
    pingAfterMs: pingAfterMs.gateway,
    deadAfterMs,
    tickEveryMs: 1000,
    ...deps.timing,
  };
  const messageLimitBytes = deps.messageLimitBytes ?? defaultMessageLimitBytes;
  // At once so many that a line of half a second keeps none of them waiting, so few that a machine which manages a hundred a second answers the last in time.
  const limits: Limits = { handshakes: 1024, waiting: 20_000, tunnels: 20_000, ...deps.limits };
  const links = new Map<WorkstationId, Link>();
  const byUser = new Map<UserId, Link[]>();
  /** What is being written at the end of tunnels: close() waits for it. */
  const writing = new Set<Promise<void>>();
  /** Workstations whose tunnel began or ended since the last tick. */
  const seen = new Set<WorkstationId>();
  const appeared = new Set<(presence: Presence) => void>();
  const usedAt = new WeakMap<Link, number>();
  let uses = 0;
  let isClosed = false;
  const verifier = createVerifier({ logger });
  const record = recorder.append.bind(recorder);
  const recordRefusal = createRefusals(record, now);
  const gatherMs = (): number => (doorway.served < storm.proofs ? 0 : Math.min(doorway.served / 4, storm.gatherAtMostMs));
  const recordOpened = gathering(record, gatherMs);
  const standing = createStanding({ store, readState: deps.readState ?? createStateReader(store) }, gatherMs);
  const review = createReview({
    store,
    standing,
    links: () => [...links.values()],
    organization: deps.organization,
    messageLimitBytes,
    hostsSignIn: deps.hostsSignIn ?? (() => false),
    logger,
    now,
  });
  const news = createCallNews({ linksOf: (user) => byUser.get(user) });
  const lookBack = createLookBack({
    store,
    isUp: (link) => links.get(link.presence.workstation) === link,
    watch: (look) => write(look, 'recent calls not told'),
  });
  const postureDesk = createPostureDesk({ store, now });
  const reportDesk = createReportDesk({ record, now, logger });
  const packets = new Packets();
  const doorway = new Doorway({
    atOnce: limits.handshakes,
    atMost: limits.waiting,
    withinMs: timing.handshakeWithinMs,
    ask: (guest, hello) => challenge(guest, hello, deps.organization, packets),
    serve: (guest) => greet(guest).catch((error: unknown) => failed(guest, error)),
    turnAway: failed,
  });
  const linkDeps: LinkDeps = {
    messageLimitBytes,
    acceptHost: deps.acceptHost,
    onOffers: review.offered,
    onReports(link, reports, posture) {
      if (posture !== undefined) postureDesk.told(link, posture);
      if (reports.length > 0) write(reportDesk.reported(link, reports), 'a report is not recorded');
    },
    onEnd: ended,
    onUse: (link) => usedAt.set(link, ++uses),
    now,
    multiplex: {
      side: 'gateway',
      messageLimitBytes,
      pingAfterMs: timing.pingAfterMs,
      deadAfterMs: timing.deadAfterMs,
      firstPingEarly: () => Math.random() / 2,
      now: () => performance.now(),
    },
    packets,
    logger,
  };
  // In four parts of a tick: thousands of pings in one turn would hold up the calls in it.
  const beatEveryMs = timing.tickEveryMs / 4;
  const heartbeats = new Heartbeats(beatEveryMs);
  const endBeats = every(() => heartbeats.tick(performance.now()), beatEveryMs, beatEveryMs / 2);
  const unsubscribe = deps.bus.subscribe('changed', review.request);
  const tick = (): void => {
    doorway.tick(performance.now());
    review.tick();
    lookBack.tick();
    storeSeen();
    storePostures();
  };
  const endTicks = every(tick, timing.tickEveryMs, beatEveryMs);

  async function greet(guest: Guest): Promise<void> {
    const { socket, address } = guest;
    const outcome = await shakeHands(guest, (claim) =>
      checkProof({ standing, publicOrigin: deps.publicOrigin, isSigned: verifier.isSigned }, claim),
    );
    if (outcome.kind === 'gone') return socket.terminate();
    if (outcome.kind === 'refused') return refused(guest, outcome.fault, outcome.reason, outcome.workstation);
    const { hands } = outcome;
    const off = deps.off?.member(hands.member);
    if (off) return refused(guest, off, 'switched off', hands.member.workstation.id);
    const detail = { address, product: hands.product, version: hands.version };
    // A tunnel that can't be put on record is not opened.
    await recordOpened(eventRecord({ event: 'tunnel_opened', ...whoOf(hands), detail }, now()));
    if (socket.readyState !== socket.OPEN) {
      await record(eventRecord({ event: 'tunnel_closed', ...whoOf(hands), code: 'TUNNEL_LOST', detail: { seconds: 0 } }, now()));
      return;
    }
    if (isClosed) return refuse(socket, new Fault('STOPPING'), closeCode.stopping);
    // It may have been while that was put on record.
    const offNow = deps.off?.member(hands.member);
    if (offNow) {
      note({ event: 'tunnel_closed', ...whoOf(hands), code: offNow.code, detail: { seconds: 0 } });
      return refuse(socket, offNow, closeCode.off);
    }
    replaceOlder(hands, address);
    welcome(guest.line, hands);
  }

  function replaceOlder(hands: Handshake, address: string): void {
    const older = links.get(hands.member.workstation.id);
    if (older === undefined) return;
    note({ event: 'tunnel_replaced', ...whoOf(hands), code: 'TUNNEL_REPLACED', detail: { address } });
    older.cut(new Fault('TUNNEL_REPLACED'), closeCode.replaced);
  }

  function welcome(line: Line, hands: Handshake): void {
    const { id } = hands.member.workstation;
    const link = new Link(
      { line, member: hands.member, version: hands.version, welcome: review.welcomeOf(hands.member) },
      linkDeps,
    );
    links.set(id, link);
    heartbeats.add(link);
    byUser.set(hands.member.user.id, [...(byUser.get(hands.member.user.id) ?? []), link]);
    review.joined(link, hands.asOf);
    seen.add(id);
    lookBack.joined(link);
    logger.info({ workstation: id }, 'tunnel opened');
    for (const listener of appeared) listener(link.presence);
  }

  function ended(link: Link, fault: Fault): void {
    const { workstation, user, since } = link.presence;
    heartbeats.remove(link);
    if (links.get(workstation) === link) links.delete(workstation);
    const rest = (byUser.get(user) ?? []).filter((other) => other !== link);
    if (rest.length > 0) byUser.set(user, rest);
    else byUser.delete(user);
    const seconds = Math.round((now() - since) / 1000);
    note({ event: 'tunnel_closed', ...whoOf(link), code: fault.code, detail: { seconds } });
    seen.add(workstation);
    logger.info({ workstation, code: fault.code, seconds }, 'tunnel closed');
  }

  function note(draft: EventDraft): void {
    write(record(eventRecord(draft, now())), 'event not recorded');
  }

  /** Stores when workstations were seen, all of a tick in one transaction: each alone costs a flush of the disk, in which nobody is answered. */
  function storeSeen(): void {
    if (seen.size === 0) return;
    const ids = [...seen];
    seen.clear();
    write(store.seenWorkstations(ids, now()), 'last seen not stored');
  }

  function storePostures(): void {
    const stored = postureDesk.store();
    if (stored !== undefined) write(stored, 'postures not stored');
  }

  function write(written: Promise<void>, failure: string): void {
    const settled = written.catch((err: unknown) => logger.error({ err }, failure)).finally(() => writing.delete(settled));
    writing.add(settled);
  }

  async function refused(
    { socket, address }: Guest,
    fault: Fault,
    reason: string,
    workstation: WorkstationId | null,
  ): Promise<void> {
    logger.warn({ code: fault.code, reason, workstation, address }, 'handshake refused');
    refuse(socket, fault, codeFor(fault));
    await recordRefusal({ event: 'proof_refused', workstation, code: fault.code, detail: { reason, address } });
  }

  /** Ends a handshake that came to nothing; never rejects. */
  async function failed(guest: Guest, error: unknown): Promise<void> {
    if (error === hungUp) return guest.socket.terminate();
    const fault = asFault(error, newId());
    // It did nothing wrong, and comes again.
    if (fault.code === 'BUSY') return refuse(guest.socket, fault, closeCode.stopping);
    if (fault.code === 'INTERNAL') logger.error({ err: error, ...fault.fields }, 'handshake failed');
    await refused(guest, fault, fault.code === 'INTERNAL' ? 'internal' : fault.message, null).catch((err: unknown) =>
      logger.error({ err }, 'refusal not recorded'),
    );
  }

  return {
    accept(line, { address }) {
      const { socket } = line;
      socket.on('error', (err) => logger.info({ err, address }, 'tunnel socket failed'));
      if (isClosed) return refuse(socket, new Fault('STOPPING'), closeCode.stopping);
      if (links.size >= limits.tunnels || !doorway.enter(line, address))
        return refuse(socket, new Fault('BUSY', { what: 'a tunnel' }), closeCode.stopping);
    },
    switched() {
      const { off } = deps;
      if (off === undefined) return;
      for (const link of [...links.values()]) {
        const fault = off.member(link.member);
        if (fault) link.cut(fault, closeCode.off);
        else link.endServers((server) => off.server(server));
      }
    },
    recorded: (record) => news.recorded(record),
    count: () => links.size,
    greeting: () => doorway.size,
    greeted: () => doorway.entered,
    proving: () => doorway.served,
    presence: (workstation) => links.get(workstation)?.presence,
    onAppeared: (listener) => void appeared.add(listener),
    presences(user) {
      const own = byUser.get(user) ?? [];
      const sorted = own.length < 2 ? own : own.toSorted((a, b) => (usedAt.get(b) ?? 0) - (usedAt.get(a) ?? 0));
      return sorted.map((link) => link.presence);
    },
    async open(workstation, server, fingerprint, events, signal, host) {
      const link = links.get(workstation);
      if (link === undefined) throw new Fault('WORKSTATION_OFFLINE', { server });
      return link.open({ server, fingerprint, ...(host === undefined ? {} : { host }) }, events, signal);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      endTicks();
      endBeats();
      news.close();
      unsubscribe();
      const open = [...links.values()];
      for (const link of open) link.cut(new Fault('STOPPING'), closeCode.stopping);
      await Promise.all([doorway.close(), ...open.map((link) => link.untilClosed()), review.close()]);
      await verifier.close();
      storeSeen();
      storePostures();
      await Promise.all(writing);
    },
  };
}

function whoOf({ member }: { readonly member: Handshake['member'] }): Pick<EventDraft, 'user' | 'workstation'> {
  return { user: { id: member.user.id, name: member.user.name }, workstation: member.workstation.id };
}

function codeFor(fault: Fault): number {
  if (fault.code === 'FRAME_INVALID') return closeCode.protocol;
  if (fault.code === 'SWITCHED_OFF') return closeCode.off;
  return fault.code === 'WORKSTATION_REVOKED' ? closeCode.revoked : closeCode.refused;
}
