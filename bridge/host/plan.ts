// What stands in the hosts' configs, and what converge would do about it. Reads only: nothing is written, not even in our own state.
import type { ConvergeReport, FoundFile, HostState, Plan } from '#contract/host-report.ts';
import type { HostSpec } from '#contract/host.ts';
import type { Slug } from '#contract/id.ts';
import { realpath } from 'node:fs/promises';
import type { Aim, Draft } from './draft.ts';
import { draftOf, planOf } from './draft.ts';
import type { Ledger } from './ledger.ts';
import { readLedger } from './ledger.ts';
import type { Surroundings } from './place.ts';
import { isInstalled, placesOf } from './place.ts';

export interface PlanRequest extends Surroundings {
  readonly stateDir: string;
  readonly hosts: readonly HostSpec[];
  /** Ids of the hosts to handle, or `*`. */
  readonly managedHosts: '*' | readonly string[];
  /** Absolute path of the program that hosts start instead; stable over versions. */
  readonly launcher: string;
  readonly gatewayOrigin: string;
  readonly gateway: Slug;
  readonly signal?: AbortSignal;
}

/** What each host's files hold now. With `ours` our own entries are told from those that were tampered with. */
export async function discover(
  request: Surroundings & {
    readonly hosts: readonly HostSpec[];
    readonly ours?: Pick<PlanRequest, 'launcher' | 'gatewayOrigin' | 'gateway'>;
  },
): Promise<readonly HostState[]> {
  const { hosts, home, ours } = request;
  const empty: Ledger = { version: 1, slugs: [], files: [] };
  const states: HostState[] = [];
  for (const spec of hosts) {
    const files: FoundFile[] = [];
    for (const path of await placesOf(spec, request)) {
      const draft = await draftOf(spec, path, home, empty, ours && { ...ours, home });
      const { host, title, shownAs, format, state, findings } = planOf({ ...draft, moves: [] });
      files.push({ host, title, path, shownAs, format, state, servers: [...draft.servers], findings });
    }
    const { id, title, reload } = spec;
    states.push({ id, title, isInstalled: await isInstalled(spec, request), reload, undone: false, mayUndo: false, files });
  }
  return states;
}

/** What converge would do. */
export async function plan(request: PlanRequest): Promise<Plan> {
  let ledger = await readLedger(request.stateDir);
  const files: Plan['files'] = [];
  for (const { spec, path } of await targetsOf(request)) {
    request.signal?.throwIfAborted();
    const draft: Draft = await draftOf(spec, path, request.home, ledger, aimOf(request));
    ledger = draft.ledger;
    files.push(planOf(draft));
  }
  return { files, findings: allFindings(files) };
}

export function aimOf({ launcher, gatewayOrigin, gateway, home }: PlanRequest): Aim {
  return { launcher, gatewayOrigin, gateway, home };
}

/** The files to handle; one that several paths lead to stands once. */
export async function targetsOf(request: PlanRequest): Promise<readonly { readonly spec: HostSpec; readonly path: string }[]> {
  const targets: { spec: HostSpec; path: string }[] = [];
  const seen = new Set<string>();
  for (const spec of request.hosts) {
    if (request.managedHosts !== '*' && !request.managedHosts.includes(spec.id)) continue;
    for (const path of await placesOf(spec, request)) {
      const real = await realpath(path).catch(() => path);
      if (!seen.has(real)) targets.push({ spec, path });
      seen.add(real);
    }
  }
  return targets;
}

export function allFindings(files: readonly Pick<ConvergeReport['files'][number], 'findings'>[]): ConvergeReport['findings'] {
  return files.flatMap((file) => file.findings);
}
