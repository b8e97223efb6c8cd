// What stands in the hosts' configs, and what converge would do about it. Reads only: nothing is written, not even in our own state.
import type { ConvergeReport, FoundFile, HostState, Plan } from '#contract/host-report.ts';
import type { HostSpec } from '#contract/host.ts';
import type { Sealer } from '#contract/secret.ts';
import type { Slug } from '#contract/id.ts';
import { realpath } from 'node:fs/promises';
import type { Target } from './change.ts';
import type { Aim, Draft } from './draft.ts';
import { draftOf, planOf } from './draft.ts';
import type { Layout } from './layout.ts';
import type { Ledger } from './ledger.ts';
import { readLedger } from './ledger.ts';
import type { Surroundings } from './place.ts';
import { isInstalled, placesOf } from './place.ts';
import type { Projects } from './project.ts';
import { projectFiles } from './project.ts';
import type { Finding } from '#contract/finding.ts';

export interface PlanRequest extends Surroundings {
  readonly stateDir: string;
  readonly hosts: readonly HostSpec[];
  /** Ids of the hosts to handle, or `*`. */
  readonly managedHosts: '*' | readonly string[];
  /** Absolute path of the program that hosts start instead; stable over versions. */
  readonly launcher: string;
  readonly gatewayOrigin: string;
  readonly gateway: Slug;
  /** Absent: every host gets the shim. */
  readonly layout?: Layout | undefined;
  /** Opens what the ledger keeps of entries that another layout took out. */
  readonly sealer?: Sealer;
  /** Absent: files in projects' folders are not looked at. */
  readonly projects?: Projects;
  readonly signal?: AbortSignal;
}

/**
 * What each host's files hold now. With `ours` our own entries are told from those that were tampered with, and by the ledger from others of the same kind; one
 * that can't be read counts as empty.
 */
export async function discover(
  request: Surroundings & {
    readonly stateDir: string;
    readonly hosts: readonly HostSpec[];
    readonly ours?: Pick<PlanRequest, 'launcher' | 'gatewayOrigin' | 'gateway' | 'layout'>;
    readonly projects?: Projects;
  },
): Promise<readonly HostState[]> {
  const { hosts, home, ours } = request;
  const ledger = await readLedger(request.stateDir).catch((): Ledger => ({ version: 1, slugs: [], files: [] }));
  const states: HostState[] = [];
  const shared = request.projects ? await projectFiles(hosts, request, request.projects) : [];
  const taken = new Set<string>();
  for (const spec of hosts) {
    const files: FoundFile[] = [];
    const own = await placesOf(spec, request);
    for (const target of [...own.map((path): Target => ({ spec, path })), ...shared.filter((file) => file.spec === spec)]) {
      const real = await realpath(target.path).catch(() => target.path);
      if (taken.has(`${spec.id} ${real}`)) continue;
      taken.add(`${spec.id} ${real}`);
      const draft = await draftOf(target, home, ledger, ours && { ...ours, home });
      const { path, sha256 } = draft;
      const { host, title, shownAs, format, scope, state, findings: all } = planOf({ ...draft, moves: [] });
      const findings = scope === 'project' && request.projects?.mode !== 'converge' ? sharedFindings(all) : all;
      files.push({
        host,
        title,
        path,
        shownAs,
        format,
        scope,
        state,
        servers: [...draft.servers],
        ...(sha256 && { sha256 }),
        findings,
      });
    }
    const { id, title, reload } = spec;
    states.push({ id, title, isInstalled: await isInstalled(spec, request), reload, undone: false, mayUndo: false, files });
  }
  return states;
}

/** What passes the gateway by in a file that others may share, and that we leave alone. */
function sharedFindings(findings: readonly Finding[]): Finding[] {
  const passing = ['direct_stdio', 'direct_remote', 'needs_input', 'gateway_entry_tamper'];
  return findings.map((finding) => (passing.includes(finding.code) ? { ...finding, code: 'project_config' } : finding));
}

/** What converge would do. */
export async function plan(request: PlanRequest): Promise<Plan> {
  let ledger = await readLedger(request.stateDir);
  const files: Plan['files'] = [];
  for (const target of await targetsOf(request)) {
    request.signal?.throwIfAborted();
    const draft: Draft = await draftOf(target, request.home, ledger, aimOf(request));
    ledger = draft.ledger;
    files.push(planOf(draft));
  }
  return { files, findings: allFindings(files) };
}

export function aimOf({ launcher, gatewayOrigin, gateway, home, layout, stateDir, sealer }: PlanRequest): Aim {
  return { launcher, gatewayOrigin, gateway, home, layout, kept: sealer && { stateDir, sealer } };
}

/** The files to handle; one that several paths lead to stands once. Those that others may share only where the profile says so. */
export async function targetsOf(request: PlanRequest): Promise<readonly Target[]> {
  const hosts = request.hosts.filter(({ id }) => request.managedHosts === '*' || request.managedHosts.includes(id));
  const all: Target[] = [];
  for (const spec of hosts) all.push(...(await placesOf(spec, request)).map((path) => ({ spec, path })));
  if (request.projects?.mode === 'converge') all.push(...(await projectFiles(hosts, request, request.projects)));
  const targets: Target[] = [];
  const seen = new Set<string>();
  for (const target of all) {
    const real = await realpath(target.path).catch(() => target.path);
    if (!seen.has(real)) targets.push(target);
    seen.add(real);
  }
  return targets;
}

export function allFindings(files: readonly Pick<ConvergeReport['files'][number], 'findings'>[]): ConvergeReport['findings'] {
  return files.flatMap((file) => file.findings);
}
