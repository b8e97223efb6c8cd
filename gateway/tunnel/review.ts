// Applies what changed in the store to the tunnels that are up: revoked workstations are cut, denied servers ended, verdicts and gateways told;
// and stores what workstations offer. One review runs at a time; what fails is tried again at the next tick, never forgotten.
// What concerns one tunnel looks at that one only: when ten thousand come back, each looking at all of them would take longer than their patience.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { closeCode, type FrameBody } from '#contract/frame.ts';
import type { OrganizationId } from '#contract/id.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { Approval, Store } from '../store/store.ts';
import type { Member } from '../workstation/proof.ts';
import type { Link } from './link.ts';
import type { Standing } from './standing.ts';

export interface Review {
  /** What a member is told now. */
  welcomeOf(member: Member): FrameBody<'welcome'>;
  /** A workstation says what it could run: stored, then answered with verdicts. At most once a second per tunnel; only the newest counts. */
  offered(link: Link, offers: readonly Offer[]): void;
  /** Something changed: look at all tunnels again soon. */
  request(): void;
  /** A tunnel is up now: look at it once, because what changed after `asOf`, when it was proven, was not applied to it. */
  joined(link: Link, asOf: number): void;
  tick(): void;
  close(): Promise<void>;
}

/** Different welcomes that are kept once. */
const textLimit = 1000;

/** What is known of one tunnel. */
interface Seen {
  offers: readonly Offer[];
  /** Not stored yet. */
  pending: readonly Offer[] | undefined;
  isStoring: boolean;
  lastWelcome: string;
  lastVerdict: string | undefined;
  /** The store's revision that was applied to it. */
  asOf: number | undefined;
}

export function createReview(deps: {
  store: Store;
  standing: () => Promise<Standing>;
  links: () => readonly Link[];
  organization: OrganizationId;
  messageLimitBytes: number;
  hostsSignIn: () => boolean;
  logger: Logger;
  now: () => number;
}): Review {
  const { store, logger } = deps;
  const seen = new WeakMap<Link, Seen>();
  const texts = new Map<string, string>();
  let isDue = false;
  /** Those that are due where not all are. */
  let due = new Set<Link>();
  /** Whose offers were stored since the last tick. */
  let storing = new Set<Link>();
  let isClosed = false;
  let running: Promise<void> | undefined;

  function seenOf(link: Link): Seen {
    let known = seen.get(link);
    if (known === undefined) {
      const lastWelcome = kept(JSON.stringify(welcomeOf(link.member)));
      known = { offers: [], pending: undefined, isStoring: false, lastWelcome, lastVerdict: undefined, asOf: undefined };
      seen.set(link, known);
    }
    return known;
  }

  function welcomeOf({ gateways }: Member): FrameBody<'welcome'> {
    const { organization, messageLimitBytes, hostsSignIn } = deps;
    return { organization, messageLimitBytes, gateways: [...gateways], hostsSignIn: hostsSignIn() };
  }

  /** The same text for all who were told the same: most were. */
  function kept(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    if (texts.size >= textLimit) texts.clear();
    texts.set(text, text);
    return text;
  }

  function tellWelcome(link: Link, member: Member): void {
    const body = welcomeOf(member);
    const text = JSON.stringify(body);
    const known = seenOf(link);
    if (known.lastWelcome === text) return;
    known.lastWelcome = kept(text);
    link.tell({ name: 'welcome', body });
  }

  function tellVerdicts(link: Link, approvals: ReadonlyMap<string, Approval>): void {
    const known = seenOf(link);
    // Before the first offer there is nothing to judge, and nobody waits for it.
    if (known.lastVerdict === undefined) return;
    const verdicts = known.offers.flatMap(({ server, fingerprint }): Verdict[] => {
      const approval = approvals.get(`${server} ${fingerprint}`);
      return approval === undefined ? [] : [{ server, fingerprint, decision: approval.decision }];
    });
    const text = JSON.stringify(verdicts);
    if (known.lastVerdict === text) return;
    known.lastVerdict = text;
    link.tell({ name: 'verdict', body: { verdicts } });
  }

  /** Reads after the links were chosen, so that a workstation that enrolls meanwhile is in none or in both. */
  async function reviewLinks(which: readonly Link[]): Promise<void> {
    const { revision, memberOf, approvals } = await deps.standing();
    const behind = which.filter((link) => seenOf(link).asOf !== revision);
    const live = await store.liveWorkstations(behind.map((link) => link.presence.workstation));
    for (const link of behind) {
      const user = live.get(link.presence.workstation);
      const member = user && memberOf({ ...link.member.workstation, user, revokedAt: null });
      if (member === undefined || member.user.id !== link.presence.user) {
        link.cut(new Fault('WORKSTATION_REVOKED'), closeCode.revoked);
        continue;
      }
      link.endServers((server, fingerprint) =>
        approvals.get(`${server} ${fingerprint}`)?.decision === 'denied'
          ? new Fault('SERVER_DENIED', { server, by: 'your organization' })
          : undefined,
      );
      tellWelcome(link, member);
      seenOf(link).asOf = revision;
    }
    for (const link of which) tellVerdicts(link, approvals);
  }

  function run(): void {
    if (running !== undefined || isClosed || (!isDue && due.size === 0)) return;
    const isAll = isDue;
    const some = due;
    isDue = false;
    due = new Set();
    const which = isAll ? deps.links() : [...some];
    running = reviewLinks(which)
      .catch((err: unknown) => {
        isDue = isDue || isAll;
        due = new Set([...due, ...some]);
        logger.error({ err }, 'tunnels could not be reviewed');
        return 'failed' as const;
      })
      .then((outcome) => {
        running = undefined;
        // After a failure the next tick tries again: at once would be a busy loop.
        if (outcome !== 'failed') run();
      });
  }

  async function storeOffers(link: Link, known: Seen): Promise<void> {
    const offers = known.pending;
    if (offers === undefined) return;
    known.isStoring = true;
    storing.add(link);
    known.pending = undefined;
    try {
      await store.replaceOffers(link.presence.workstation, offers, deps.now());
      known.offers = offers;
      known.lastVerdict = '';
      due.add(link);
      run();
    } catch (err) {
      known.pending ??= offers;
      logger.error({ err, workstation: link.presence.workstation }, 'offers not stored');
    }
  }

  return {
    welcomeOf,
    offered(link, offers) {
      const known = seenOf(link);
      known.pending = offers;
      if (!known.isStoring) void storeOffers(link, known);
    },
    request() {
      isDue = true;
      run();
    },
    joined(link, asOf) {
      seenOf(link).asOf = asOf;
      due.add(link);
      run();
    },
    tick() {
      run();
      const stored = storing;
      storing = new Set();
      for (const link of stored) {
        const known = seenOf(link);
        known.isStoring = false;
        if (known.pending !== undefined) void storeOffers(link, known);
      }
    },
    async close() {
      isClosed = true;
      await running;
    },
  };
}
