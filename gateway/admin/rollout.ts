// How far a rollout is, from what is on record: pure, so that each line follows from the facts and from nothing else.
// The rule: `done` only where something shows it; what a device merely has not said, or a receiver never confirms, can't be seen and counts as that.
import { counted } from '#contract/counted.ts';
import { standingOf } from '#contract/device.ts';
import { reachedGateways } from '#contract/grant.ts';
import { Slug, type WorkstationId } from '#contract/id.ts';
import { exposedKinds, type PolicyAssignment, type PolicyFile, type Provisioning } from '#contract/policy.ts';
import type { Rollout, RolloutCheck, RolloutState, RolloutStep } from '#contract/admin-rollout.ts';
import { durationWords } from './duration.ts';
import { sharedAddresses } from './shared-address.ts';
import type { ToldPosture, Workstation } from '../store/store.ts';
import type { EngineStatus } from '#contract/admin-engine.ts';
import type { SinkStatus } from '#contract/admin-sink.ts';

export interface RolloutFacts {
  readonly policy: PolicyFile;
  readonly workstations: readonly Workstation[];
  readonly postures: ReadonlyMap<WorkstationId, ToldPosture>;
  /** Calls that were answered, of those that are looked back on: who called through which gateway, and when last. */
  readonly calls: readonly { readonly user: Slug; readonly gateway: string; readonly at: number }[];
  readonly sinks: readonly SinkStatus[];
  readonly engines: readonly EngineStatus[];
  /** That an assignment exposes all of a kind is meant. */
  readonly isAllMeant: boolean;
  readonly now: number;
}

/** A receiver that takes records but is behind by more than this is not confirmed. */
const lagAtMostMs = 10 * 60_000;
/** Longer than people are away over a weekend. */
const daysUntilGone = 7;

export function rolloutOf(facts: RolloutFacts): Rollout {
  const steps = [
    step(1, 'A pilot in one gateway', pilot(facts)),
    step(2, 'The gateway is the only connector', devices(facts)),
    step(3, 'Tools are provisioned, rules are on', provisioned(facts)),
    step(4, 'Logs are exported, and a receiver confirms them', exported(facts)),
  ];
  return { state: worst(steps), at: facts.now, steps };
}

function step(number: number, title: string, checks: RolloutCheck[]): RolloutStep {
  return { step: number, title, state: worst(checks), checks };
}

function worst(all: readonly { readonly state: RolloutState }[]): RolloutState {
  return (['not-yet', 'unseen'] as const).find((state) => all.some((one) => one.state === state)) ?? 'done';
}

function check(state: RolloutState, what: string, todo: string | null = null, about: readonly string[] = []): RolloutCheck {
  return { state, what, todo, about: [...about] };
}

function pilot({ policy, calls }: RolloutFacts): RolloutCheck[] {
  const exposing = grantedGateways(policy).filter((slug) =>
    Object.values(policy.gateways[slug]?.assignments ?? {}).some(exposesSomething),
  );
  if (exposing.length === 0)
    return [
      check(
        'not-yet',
        'No gateway is granted by a team and exposes anything.',
        'Apply a policy with a gateway whose assignment exposes a few tools, a team that grants it and the people of the pilot.',
      ),
    ];
  const people = personsOf(policy);
  const reached = exposing.filter((slug) => people.some(({ gateways }) => gateways.has(slug)));
  const granted =
    reached.length === 0
      ? check(
          'not-yet',
          `Nobody is in a team that grants ${exposing.join(', ')}.`,
          'Put the people of the pilot into such a team.',
        )
      : check('done', `Granted to people, and exposing something: ${reached.join(', ')}.`);
  const through = calls.filter(({ gateway }) => exposing.some((slug) => slug === gateway));
  const callers = new Set(through.map(({ user }) => user));
  const last = through.reduce((newest, { at }) => Math.max(newest, at), 0);
  return [
    granted,
    ...ofSharedAddresses(policy),
    callers.size > 0
      ? check(
          'done',
          `${counted(callers.size, 'person', 'people')} called through ${[...new Set(through.map(({ gateway }) => gateway))].toSorted().join(', ')}, last at ${time(last)}.`,
        )
      : check(
          'not-yet',
          'No answered call through it is among the newest records.',
          'Let one person of the pilot connect an AI host and use a tool; `audit tail` shows it.',
        ),
  ];
}

/** Of a policy that is older than the rule against it. */
function ofSharedAddresses(policy: PolicyFile): RolloutCheck[] {
  const shared = sharedAddresses(policy);
  if (shared.length === 0) return [];
  const what = counted(shared.length, 'e-mail address is that', 'e-mail addresses are those');
  const about = shared.map((users) => users.join(', '));
  return [
    check(
      'not-yet',
      `${what} of more than one user: nobody can sign in with ${shared.length === 1 ? 'it' : 'them'}.`,
      'Give each of these users an address of their own, or take all but one of them out: until then no policy file with them is applied.',
      about,
    ),
  ];
}

function devices({ policy, workstations, postures, now }: RolloutFacts): RolloutCheck[] {
  const live = workstations.filter(({ revokedAt }) => revokedAt === null);
  if (live.length === 0)
    return [
      check(
        'not-yet',
        'No device is enrolled.',
        'Push the profile with an enrollment token to the devices of the pilot (docs/profile.md), then of everybody.',
      ),
    ];
  const owners = new Set(live.map(({ user }) => user));
  const without = personsOf(policy)
    .filter(({ slug, gateways }) => gateways.size > 0 && !owners.has(slug))
    .map(({ slug }) => slug);
  const found = live.map((one) => ({ one, ...standingOf(postures.get(one.id), now) }));
  const of = (is: (device: (typeof found)[number]) => boolean) =>
    found
      .filter(is)
      .map(({ one, why, todo }) => `${one.hostname} (${one.user}, ${one.id}): ${why}${todo === null ? '' : `. ${todo}`}`);
  const done = of(({ state }) => state === 'converged');
  const off = of(({ state }) => state === 'observing' || state === 'off-policy');
  const unseen = of(({ state, silentDays }) => state === 'unobservable' && (silentDays ?? 0) < daysUntilGone);
  const gone = of(({ state, silentDays }) => state === 'unobservable' && (silentDays ?? 0) >= daysUntilGone);
  return [
    without.length === 0
      ? check('done', `Everybody who reaches a gateway has a device: ${counted(live.length, 'device', 'devices')}.`)
      : check(
          'not-yet',
          `${counted(without.length, 'person who reaches a gateway has', 'people who reach a gateway have')} no enrolled device.`,
          'Push the profile to their devices, or take them out of the team until then.',
          without,
        ),
    check(
      done.length > 0 ? 'done' : 'unseen',
      `${done.length} of ${counted(live.length, 'device', 'devices')} converged: their AI hosts name only the gateway.`,
    ),
    ...(off.length > 0
      ? [
          check(
            'not-yet',
            `${counted(off.length, 'device is', 'devices are')} not converged.`,
            'Do what docs/findings.md says for each code, and set EnforcementMode to enforce where it says observe.',
            off,
          ),
        ]
      : []),
    ...(unseen.length > 0
      ? [
          check(
            'unseen',
            `What ${counted(unseen.length, 'device is', 'devices are')} like now can't be seen from here.`,
            'Turn the device on, update its bridge, or revoke it where it is gone: `workstation revoke`.',
            unseen,
          ),
        ]
      : []),
    ...(gone.length > 0
      ? [
          check(
            'unseen',
            `${counted(gone.length, 'device was', 'devices were')} not seen for ${daysUntilGone} days and more.`,
            'Find out who has it and whether it is still used; revoke it where it is gone: `workstation revoke`.',
            gone,
          ),
        ]
      : []),
  ];
}

function provisioned({ policy, engines, isAllMeant }: RolloutFacts): RolloutCheck[] {
  const gateways = grantedGateways(policy);
  if (gateways.length === 0) return [check('not-yet', 'No gateway is granted by a team.', 'Begin with step 1.')];
  const all = gateways.flatMap((slug) =>
    Object.entries(policy.gateways[slug]?.assignments ?? {}).flatMap(([server, assignment]) =>
      exposedKinds.filter((kind) => isWhole(assignment[kind] ?? 'none')).map((kind) => `${slug}/${server}: all ${kind}`),
    ),
  );
  const bare = gateways.filter((slug) => (policy.gateways[slug]?.rules ?? []).length === 0);
  const mute = gateways.filter((slug) => {
    const rules = policy.gateways[slug]?.rules ?? [];
    return rules.length > 0 && rules.every((rule) => 'action' in rule && rule.action === 'alert');
  });
  return [
    all.length === 0
      ? check('done', 'What each assignment exposes is named one by one, or by a condition.')
      : isAllMeant
        ? check('done', `${counted(all.length, 'kind is', 'kinds are')} exposed whole, which is said to be meant.`, null, all)
        : check(
            'not-yet',
            `${counted(all.length, 'kind is', 'kinds are')} exposed whole: what a server adds later is exposed too.`,
            'Name what people need in the policy; or say that it is meant: `rollout check --all-meant`.',
            all,
          ),
    bare.length === 0
      ? check('done', `Every gateway that a team grants has rules: ${gateways.join(', ')}.`)
      : check('not-yet', `No rules at: ${bare.join(', ')}.`, 'Add `rules` to them (docs/rules.md).'),
    ...(mute.length === 0
      ? []
      : [
          check(
            'not-yet',
            `The rules of ${mute.join(', ')} only alert.`,
            'Look at what they find, then give them another action: block, redact, replace, mask or hash.',
          ),
        ]),
    ...engines.flatMap(({ engine, secretHeader, missing }) =>
      missing === null
        ? []
        : [
            check(
              'not-yet',
              `The engine ${engine} is not asked: the value of its header ${secretHeader} ${missing}.`,
              `\`engine secret set ${engine}\`.`,
            ),
          ],
    ),
  ];
}

function exported({ sinks }: RolloutFacts): RolloutCheck[] {
  if (sinks.length === 0)
    return [
      check(
        'not-yet',
        'There is no sink: records stay in the database.',
        'Name one under `sinks` in the policy (docs/siem.md), then `sink test` it.',
      ),
    ];
  const checks = sinks.map(sinkCheck);
  if (checks.every(({ state }) => state === 'unseen'))
    return [
      ...checks,
      check(
        'unseen',
        'No sink leads to a receiver that confirms.',
        'Look for the record of `sink test` at the receiver; or add a sink of kind otlp, splunk or webhook.',
      ),
    ];
  return checks;
}

function sinkCheck(sink: SinkStatus): RolloutCheck {
  const { sink: slug, kind, missing, failingSince, lastError, deliveredAt, lagMs, owed, rejected, parked, skipped } = sink;
  const what = (rest: string) => `${slug} (${kind}): ${rest}`;
  if (missing.length > 0)
    return check('not-yet', what(`it sends nothing until ${missing.join(', ')} is set.`), `\`sink secret ${slug}\`.`);
  if (failingSince !== null)
    return check(
      'not-yet',
      what(`nothing arrives since ${time(failingSince)}: ${lastError ?? 'no reason was told'}`),
      `Mend that, then \`sink test ${slug}\`.`,
    );
  if (deliveredAt === null)
    return check('not-yet', what('nothing was delivered yet.'), `\`sink test ${slug}\`, with \`serve\` running.`);
  if (lagMs > lagAtMostMs)
    return check(
      'not-yet',
      what(`${counted(owed, 'record waits', 'records wait')}, the oldest for ${durationWords(lagMs)}.`),
      'See that `serve` runs, and what the receiver can take.',
    );
  if (parked > 0)
    return check(
      'not-yet',
      what(`its receiver does not take ${counted(parked, 'record', 'records')}, which are set aside.`),
      '`sink list` says why (docs/siem.md).',
    );
  // What was lost once stays counted.
  const lost = rejected + skipped;
  const without = lost === 0 ? '' : ` It never got ${counted(lost, 'record', 'records')}: \`sink list\`.`;
  if (kind === 'file')
    return check(
      'unseen',
      what(`written, last at ${time(deliveredAt)}; a file here is no receiver.${without}`),
      'See that something takes it away and keeps it.',
    );
  if (kind === 'syslog')
    return check(
      'unseen',
      what(`sent, last at ${time(deliveredAt)}; syslog confirms nothing.${without}`),
      `Look for the record of \`sink test ${slug}\` at the receiver.`,
    );
  return check('done', what(`its receiver confirmed the last records at ${time(deliveredAt)}.${without}`));
}

/** All, or a condition that every item fits. */
function isWhole(exposed: Provisioning): boolean {
  if (typeof exposed === 'string') return exposed === 'all';
  return exposed.some((item) => {
    if (typeof item === 'string') return false;
    const { name = '', ...hints } = item.if;
    return /^\*+$/.test(name) && Object.values(hints).every((hint) => hint === undefined);
  });
}

function exposesSomething(assignment: PolicyAssignment): boolean {
  return exposedKinds.some((kind) => {
    const exposed = assignment[kind] ?? 'none';
    return exposed !== 'none' && !(Array.isArray(exposed) && exposed.length === 0);
  });
}

/** Those that any team grants. */
function grantedGateways(policy: PolicyFile): readonly Slug[] {
  return [...new Set(Object.values(policy.teams).flatMap(({ gateways }) => gateways))]
    .filter((slug) => Object.hasOwn(policy.gateways, slug))
    .toSorted();
}

function personsOf(policy: PolicyFile): readonly { readonly slug: Slug; readonly gateways: ReadonlySet<Slug> }[] {
  return Object.entries(policy.users)
    .filter(([, user]) => user.kind !== 'service')
    .map(([slug, user]) => ({ slug: Slug.parse(slug), gateways: reachedGateways(policy, user) }));
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
