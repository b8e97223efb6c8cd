// How the entries of a host are to be spelled: as URLs of the gateway, as one URL for all, or starting the shim. Pure.
// Rule: a URL only where it is known that the host can sign in by itself, and that the gateway lets it; while nobody can be asked, what is ours stays as it is.
import type { HostSpec } from '#contract/host.ts';
import type { Profile } from '#contract/profile.ts';

export interface Layout {
  readonly entries: Profile['EntryLayout'];
  /** Ids of the hosts that get the shim in any case. */
  readonly shimHosts: Profile['ShimHosts'];
  /** Whether the gateway server lets hosts sign in by themselves; undefined while it could not be asked. */
  readonly hostsSignIn: boolean | undefined;
}

/** `gathered`: one URL stands for all. `as_is`: our entries stay what they are, new ones start the shim. */
export type Form = 'shim' | 'url' | 'gathered' | 'as_is';

/** Without a layout every host gets the shim. */
export function formFor(spec: HostSpec, layout: Layout | undefined): Form {
  if (layout === undefined || spec.remote.own === undefined) return 'shim';
  if (layout.shimHosts === '*' || layout.shimHosts.includes(spec.id)) return 'shim';
  if (layout.hostsSignIn === undefined) return 'as_is';
  if (!layout.hostsSignIn) return 'shim';
  return layout.entries === 'single' ? 'gathered' : 'url';
}

export function layoutOf(profile: Pick<Profile, 'EntryLayout' | 'ShimHosts'>, hostsSignIn: boolean | undefined): Layout {
  return { entries: profile.EntryLayout, shimHosts: profile.ShimHosts, hostsSignIn };
}
