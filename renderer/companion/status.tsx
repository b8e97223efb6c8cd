// The companion in words: is this device connected, through which gateway, and what is wrong here. It decides nothing.
import type { AgentState } from '#contract/agent.ts';
import { findingOf } from '#contract/finding.ts';
import type { CompanionState } from '#contract/ipc.ts';

export function Status({ state }: { readonly state: CompanionState | undefined }) {
  return (
    <main>
      <h1>Drawbridge</h1>
      <p role="status">{headline(state)}</p>
      {state?.kind === 'running' ? <Details state={state.state} /> : null}
    </main>
  );
}

function headline(state: CompanionState | undefined): string {
  if (!state) return 'Asking the agent …';
  if (state.kind === 'absent') return `The Drawbridge agent is not running here: ${state.detail}.`;
  const { tunnel, gateway } = state.state;
  switch (tunnel.kind) {
    case 'connected':
      return `Connected${gateway ? ` to the gateway "${gateway}"` : ''}.`;
    case 'connecting':
      return 'Connecting to the gateway …';
    case 'offline':
      return `Not connected: ${tunnel.reason}. Drawbridge keeps trying.`;
    case 'refused':
      return `The gateway refused this device: ${tunnel.message}`;
    case 'off':
      return tunnel.reason === 'not_enrolled' ? 'This device is not enrolled yet.' : 'No gateway is set for this device.';
  }
}

function Details({ state }: { readonly state: AgentState }) {
  return (
    <>
      <Section title="AI hosts" lines={state.hosts.filter((host) => host.isInstalled).map((host) => host.title)} />
      <Section title="Local servers" lines={state.servers.map((server) => `${server.server}: ${server.status}`)} />
      <Section title="What is wrong here" lines={state.findings.map((finding) => findingOf(finding.code).meaning)} />
      <p>{state.profile.isForced ? 'Managed by your organization.' : 'Not managed by an organization.'}</p>
    </>
  );
}

function Section({ title, lines }: { readonly title: string; readonly lines: readonly string[] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {lines.length === 0 ? <p>none</p> : null}
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}
