// The AI hosts of this home as the agent looks after them: scanned, in enforce mode made to name only the gateway, and one by one shown, undone or taken back.
// Rule: what the user undid is left alone and said aloud; a pause changes no file.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { hosts as knownHosts } from '#contract/host-table.ts';
import type { HostSpec } from '#contract/host.ts';
import type { ConvergeReport, RestoreReport } from '#contract/host-report.ts';
import type { Slug } from '#contract/id.ts';
import type { Sealer } from '#contract/secret.ts';
import { converge } from './host/converge.ts';
import { layoutOf } from './host/layout.ts';
import { readLedger } from './host/ledger.ts';
import { changesMade } from './host/made.ts';
import { plan } from './host/plan.ts';
import type { PlanRequest } from './host/plan.ts';
import type { Projects } from './host/project.ts';
import { restore } from './host/restore.ts';
import { addUndone, removeUndone, undoneHosts } from './host/undone.ts';
import type { ProfileReading } from './profile/read.ts';
import type { ReportDraft } from './reports.ts';
import { neededRestarts } from './host/restart.ts';
import type { HostsAim, Scanned } from './scan.ts';
import { scan, watchedPlaces } from './scan.ts';

export interface ManagedHostsDeps {
  readonly home: string;
  readonly stateDir: string;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly launcher: string;
  readonly sealer: Sealer;
  readonly profile: () => ProfileReading;
  /** The gateway that the hosts are to name, undefined while that isn't clear; and whether they can sign in there by themselves, as far as that is known. */
  readonly gateway: () => { readonly slug?: Slug | undefined; readonly hostsSignIn?: boolean | undefined };
  readonly isEnrolled: () => boolean;
  readonly isPaused: () => boolean;
  /** The organization is to know of it. Rejects where that can't be kept. */
  readonly report: (draft: ReportDraft) => Promise<void>;
  readonly now: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface ManagedHosts {
  /** Looks at all of them, and sets right what the profile asks for. */
  settle(): Promise<Scanned>;
  /** Those that must be restarted, and since when. */
  restarts(): ReturnType<typeof neededRestarts>;
  /** Where their configs may stand now. */
  places(): ReturnType<typeof watchedPlaces>;
  /** What converging would change; where nothing would, what was changed. Rejects with NAME_UNKNOWN. */
  diff(host: string): Promise<{ readonly files: readonly { readonly shownAs: string; readonly diff: string }[] }>;
  /** Rejects with PROFILE_FORBIDS, NAME_UNKNOWN. */
  undo(host: string): Promise<RestoreReport>;
  /** Rejects with PAUSED, GATEWAY_UNREACHABLE where no gateway is known, NAME_UNKNOWN, PROFILE_FORBIDS where the host isn't managed. */
  converge(host: string): Promise<ConvergeReport>;
}

export function createManagedHosts(deps: ManagedHostsDeps): ManagedHosts {
  const { stateDir, home, sealer, signal } = deps;

  const specOf = (host: string): HostSpec => {
    const spec = knownHosts.find(({ id }) => id === host);
    if (spec === undefined)
      throw new Fault('NAME_UNKNOWN', { what: 'AI host', name: host, hint: '"drawbridge hosts list" shows them.' });
    const { ManagedHosts } = deps.profile().profile;
    if (ManagedHosts !== '*' && !ManagedHosts.includes(host))
      throw new Fault('PROFILE_FORBIDS', { what: `changing the AI host "${host}": it is not in ManagedHosts` });
    return spec;
  };
  const aim = (): HostsAim | undefined => {
    const { slug: gateway, hostsSignIn } = deps.gateway();
    const { profile } = deps.profile();
    const { GatewayURL: gatewayOrigin } = profile;
    if (gateway === undefined || gatewayOrigin === undefined) return undefined;
    return { gatewayOrigin, gateway, layout: layoutOf(profile, hostsSignIn) };
  };
  const projectsNow = (): Projects => {
    const { ProjectScanRoots: roots, ProjectConfigMode: mode } = deps.profile().profile;
    return { roots, mode };
  };
  const takeBack = async (host: string): Promise<void> => {
    if (!(await undoneHosts(stateDir)).has(host)) return;
    await deps.report({ event: 'host_taken_back', host });
    await removeUndone(stateDir, host);
  };
  const requestOf = (spec: HostSpec): PlanRequest => {
    const ours = aim();
    // a device that can't reach the gateway would only lose its servers
    if (ours === undefined || !deps.isEnrolled())
      throw new Fault('GATEWAY_UNREACHABLE', { reason: 'it is not enrolled, or it is not clear which gateway to use' });
    return { ...deps, ...ours, hosts: [spec], managedHosts: '*', projects: projectsNow(), signal };
  };

  /** An undo that was killed, or that could not give every file back, goes on: until it has, the host names a gateway that its user took out of it. */
  const finishUndone = async (undone: ReadonlySet<string>): Promise<void> => {
    if (undone.size === 0 || deps.isPaused()) return;
    const { files } = await readLedger(stateDir);
    const only = [...new Set(files.map(({ host }) => host))].filter((host) => undone.has(host));
    if (only.length === 0) return;
    try {
      const results = (await restore({ home, stateDir, hosts: knownHosts, only, sealer, signal })).files.map(
        ({ result }) => result,
      );
      // what is gone or refused is tried at every look
      if (results.some((result) => result !== 'gone' && result !== 'refused'))
        deps.logger.info({ hosts: only, results }, 'an undo went on');
    } catch (err) {
      // the others are looked at all the same
      deps.logger.warn({ err, hosts: only }, 'an undo could not be finished');
    }
  };

  return {
    async settle() {
      const { ManagedHosts: managedHosts, EnforcementMode: mode, AllowUserUndo } = deps.profile().profile;
      const projects = projectsNow();
      // where IT takes the permission back, what was undone with it is taken back too
      if (!AllowUserUndo) await removeUndone(stateDir);
      const undone = await undoneHosts(stateDir);
      await finishUndone(undone);
      const ours = aim();
      const mayEnforce = mode === 'enforce' && deps.isEnrolled() && !deps.isPaused();
      const scanned = await scan(
        { managedHosts, undone, projects, ...(ours ? { ours } : {}), ...(ours && mayEnforce ? { enforce: ours } : {}) },
        deps,
      );
      const changed = new Set((await readLedger(stateDir)).files.map(({ host }) => host));
      const hosts = scanned.hosts.map((host) => ({
        ...host,
        undone: undone.has(host.id),
        mayUndo: AllowUserUndo && changed.has(host.id) && !undone.has(host.id),
      }));
      return { ...scanned, hosts };
    },
    restarts: () => neededRestarts({ ...deps, hosts: knownHosts }),
    places: () => watchedPlaces(deps.profile().profile.ManagedHosts, deps),
    async diff(host) {
      const spec = specOf(host);
      const ours = aim();
      const planned =
        ours === undefined
          ? undefined
          : await plan({ ...deps, ...ours, hosts: [spec], managedHosts: '*', projects: projectsNow(), signal });
      const toChange = (planned?.files ?? []).filter(({ diff }) => diff !== '').map(({ shownAs, diff }) => ({ shownAs, diff }));
      return { files: toChange.length > 0 ? toChange : await changesMade({ home, stateDir, spec, sealer }) };
    },
    async undo(host) {
      const spec = specOf(host);
      if (!deps.profile().profile.AllowUserUndo)
        throw new Fault('PROFILE_FORBIDS', { what: 'its user to undo: AllowUserUndo is false' });
      await deps.report({ event: 'host_undone', host });
      // before the files: an agent that is killed in between must not put back what was just taken out
      await addUndone(stateDir, host, deps.now());
      const report = await restore({ home, stateDir, hosts: [spec], only: [host], sealer, signal }).catch(
        async (error: unknown) => {
          await takeBack(host);
          throw error;
        },
      );
      const isRefused = report.files.length > 0 && report.files.every(({ result }) => result === 'refused');
      // nothing was given back, so nothing is undone
      if (isRefused) await takeBack(host);
      return report;
    },
    async converge(host) {
      const spec = specOf(host);
      if (deps.isPaused()) throw new Fault('PROFILE_FORBIDS', { what: 'changing an AI host during a pause: resume first' });
      const request = requestOf(spec);
      await takeBack(host);
      return converge({ ...request, sealer, now: deps.now, isAsked: true });
    },
  };
}
