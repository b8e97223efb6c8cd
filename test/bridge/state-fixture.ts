// A state of an agent, as tests vary it.
import { AgentState } from '#contract/agent.ts';

export const nowMs = Date.parse('2026-11-22T12:00:00Z');

export function stateWith(news: object = {}): AgentState {
  return AgentState.parse({
    version: 1,
    productVersion: '0.1.0',
    pid: 4711,
    since: nowMs - 60_000,
    home: '/home/ada',
    stateDir: '/home/ada/.local/state/drawbridge',
    isComplete: true,
    tunnel: { kind: 'connected', since: nowMs - 30_000, organization: '01977d3a-7000-7000-8000-000000000001', gateways: ['eng'] },
    device: {
      workstation: '01977d3a-7000-7000-8000-000000000002',
      user: '01977d3a-7000-7000-8000-000000000003',
      userName: 'ada',
      organization: '01977d3a-7000-7000-8000-000000000001',
      gatewayOrigin: 'https://mcp.example.org',
    },
    gateway: 'eng',
    secretStore: 'os',
    profile: {
      file: '/etc/drawbridge/profile.json',
      hash: 'ab'.repeat(32),
      isForced: true,
      loadedAt: nowMs - 60_000,
      mode: 'enforce',
      gatewayUrl: 'https://mcp.example.org',
      origins: { GatewayURL: 'file', EnforcementMode: 'file', ScanIntervalMinutes: 'default' },
      values: { GatewayURL: 'https://mcp.example.org', EnforcementMode: 'enforce', ScanIntervalMinutes: '15' },
      allows: { pause: 'never', pauseMaxMinutes: 60, quit: false, undo: false },
    },
    servers: [],
    hosts: [],
    findings: [],
    calls: [],
    ...news,
  });
}

export const hostState = (servers: readonly { name: string; kind: string }[], state: string): object => ({
  id: 'codex',
  title: 'Codex',
  isInstalled: true,
  reload: 'new_session',
  undone: false,
  mayUndo: false,
  files: [
    {
      host: 'codex',
      title: 'Codex',
      path: '/home/ada/.codex/config.toml',
      shownAs: '~/.codex/config.toml',
      format: 'toml',
      scope: 'user',
      state,
      servers: servers.map((server) => ({ scope: 'user', ...server })),
      findings: [],
    },
  ],
});
