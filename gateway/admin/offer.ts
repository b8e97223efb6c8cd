// What workstations offer to run, and what was decided of it. A decision is about one exact command: its fingerprint, never its name alone.
// The description beside a fingerprint is a claim of the workstation: where two workstations claim different things, nothing is approved.
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '#contract/error.ts';
import type { Fingerprint, Slug, WorkstationId } from '#contract/id.ts';
import type { Command, Verdict } from '#contract/server.ts';
import type { Approval, Store, StoredOffer, Workstation } from '../store/store.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

export interface OfferedServer {
  readonly server: Slug;
  readonly fingerprint: Fingerprint;
  readonly command: Command;
  readonly hosts: readonly string[];
  readonly workstation: WorkstationId;
  readonly hostname: string;
  readonly user: Slug | null;
  readonly verdict: Verdict['decision'] | 'undecided';
  /** Another workstation describes this fingerprint in another way. */
  readonly isDisputed: boolean;
  readonly offeredAt: number;
}

/** Every offer of every workstation that is not revoked, by server, then by time. */
export async function listOffered(store: Store): Promise<readonly OfferedServer[]> {
  const [offers, approvals, workstations] = await Promise.all([store.offers(), store.approvals(), store.workstations()]);
  const devices = new Map(workstations.map((one) => [one.id, one]));
  const valid = offers.filter(({ workstation }) => devices.get(workstation)?.revokedAt === null);
  const disputed = disputedOf(valid);
  const rows = valid.map((offer) => ({
    ...describeOffer(offer, devices.get(offer.workstation), approvals),
    isDisputed: disputed.has(keyOf(offer)),
  }));
  return rows.toSorted((a, b) => (a.server === b.server ? a.offeredAt - b.offeredAt : a.server < b.server ? -1 : 1));
}

/** Decides one command. Rejects with NAME_UNKNOWN where nothing fits the name and fingerprint, CHOICE_NEEDED where several commands or descriptions do. */
export async function decideOffered(
  of: Acting & {
    readonly decision: Verdict['decision'];
    readonly server: string;
    readonly fingerprint: string | undefined;
    readonly now: number;
  },
): Promise<OfferedServer> {
  const offered = await listOffered(of.store);
  const chosen = choose(offered, of.server, of.fingerprint, of.decision);
  if (of.decision === 'approved' && chosen.isDisputed) throw disputeOf(offered, chosen);
  const before = { server: chosen.server, fingerprint: chosen.fingerprint, verdict: chosen.verdict };
  const operation = of.decision === 'approved' ? 'offers.approve' : 'offers.deny';
  const after = { ...before, verdict: of.decision };
  await doing(of, of.now, { operation, target: chosen.server, before, after }).decide(
    chosen.server,
    chosen.fingerprint,
    of.decision,
    of.reason,
    of.now,
  );
  return { ...chosen, verdict: of.decision };
}

function choose(
  offered: readonly OfferedServer[],
  server: string,
  fingerprint: string | undefined,
  decision: Verdict['decision'],
): OfferedServer {
  const named = offered.filter((offer) => offer.server === server);
  const servers = [...new Set(offered.map((offer) => offer.server))];
  if (named.length === 0)
    throw unknownName('offered server', server, servers, 'a workstation that connects offers what it could run');
  if (fingerprint !== undefined) {
    const exact = named.find((offer) => offer.fingerprint === fingerprint);
    if (exact) return exact;
    throw unknownName(`offer of "${server}" with fingerprint`, fingerprint, distinct(named), 'none is offered');
  }
  // Without a fingerprint only a command that was not looked at yet is meant, and only one.
  const open = named.filter((offer) => offer.verdict === 'undecided');
  const choices = distinct(open);
  if (open[0] && choices.length === 1) return open[0];
  throw new Fault('CHOICE_NEEDED', {
    what: `"${server}"`,
    choices: open.length > 0 ? choices.join(', ') : named.map((offer) => `${offer.fingerprint} (${offer.verdict})`).join(', '),
    hint: `Name the one to ${decision === 'approved' ? 'approve' : 'deny'} with --fingerprint.`,
  });
}

/** The keys of those commands that workstations describe in different ways. */
function disputedOf(offers: readonly StoredOffer[]): ReadonlySet<string> {
  const first = new Map<string, Command>();
  const disputed = new Set<string>();
  for (const offer of offers) {
    const known = first.get(keyOf(offer));
    if (known === undefined) first.set(keyOf(offer), offer.command);
    else if (!isDeepStrictEqual(known, offer.command)) disputed.add(keyOf(offer));
  }
  return disputed;
}

/** Names workstations by their ids: a host name is the device's own text, and this goes to a terminal as it is. */
function disputeOf(offered: readonly OfferedServer[], chosen: OfferedServer): Fault {
  const other = offered.find((one) => keyOf(one) === keyOf(chosen) && !isDeepStrictEqual(one.command, chosen.command));
  const claims = [chosen, ...(other ? [other] : [])].map(({ workstation }) => `what workstation ${workstation} describes`);
  return new Fault('CHOICE_NEEDED', {
    what: `"${chosen.server}" with fingerprint ${chosen.fingerprint}`,
    choices: claims.join(', '),
    hint: 'A fingerprint stands for one command, so a description is wrong. Compare them with `server offered`, and deny it or revoke the workstation that you do not trust.',
  });
}

function keyOf({ server, fingerprint }: Pick<StoredOffer, 'server' | 'fingerprint'>): string {
  return `${server} ${fingerprint}`;
}

function describeOffer(
  offer: StoredOffer,
  device: Workstation | undefined,
  approvals: readonly Approval[],
): Omit<OfferedServer, 'isDisputed'> {
  const { server, fingerprint, command, hosts, workstation, offeredAt } = offer;
  const decided = approvals.find((approval) => approval.server === server && approval.fingerprint === fingerprint);
  const where = { workstation, hostname: device?.hostname ?? '', user: device?.user ?? null };
  return { server, fingerprint, command, hosts, ...where, verdict: decided?.decision ?? 'undecided', offeredAt };
}

function distinct(offers: readonly OfferedServer[]): readonly string[] {
  return [...new Set(offers.map((offer) => offer.fingerprint))];
}
