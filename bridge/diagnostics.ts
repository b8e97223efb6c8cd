// What a user can hand to support: versions, what is true, what is wrong, what the agent and the local servers last said. One JSON text.
// Rule: no secret. Every text in it is redacted, known values wherever they stand; what is too long is left out from its oldest lines.
import type { AgentState } from '#contract/agent.ts';
import { createRedactor } from './server/redact.ts';

export interface DiagnosticsOf {
  readonly state: AgentState;
  /** Values that must not be in it. */
  readonly secrets: readonly string[];
  readonly runtime: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Of each local server, oldest first. */
  readonly serverLogs: Readonly<Record<string, readonly string[]>>;
  /** The agent's own last lines, oldest first. */
  readonly log: readonly string[];
  readonly now: number;
}

export const diagnosticsLimitBytes = 512 * 1024;

export function diagnosticsText(of: DiagnosticsOf): string {
  const redact = createRedactor(of.secrets);
  const { state } = of;
  const about = {
    version: 1,
    madeAt: new Date(of.now).toISOString(),
    runtime: of.runtime,
    // arguments may hold what no pattern knows: the names and fingerprints say enough
    state: { ...state, servers: state.servers.map(({ command, ...rest }) => ({ ...rest, command: command?.identity })) },
  };
  for (let keep = 400; keep > 0; keep = Math.floor(keep / 2)) {
    const last = (lines: readonly string[]): readonly string[] => lines.slice(-keep);
    const serverLogs = Object.fromEntries(Object.entries(of.serverLogs).map(([name, lines]) => [name, last(lines)]));
    const text = JSON.stringify(redactAll({ ...about, serverLogs, log: last(of.log) }, redact), undefined, 1);
    if (Buffer.byteLength(text) <= diagnosticsLimitBytes) return text;
  }
  const { productVersion, findings, tunnel } = state;
  return JSON.stringify(
    redactAll({ ...about, state: { productVersion, tunnel, findings: findings.slice(0, 100) } }, redact),
    undefined,
    1,
  );
}

/** Text by text, so that what comes out is JSON whatever is taken out of it. */
function redactAll(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactAll(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [redact(key), redactAll(member, redact)]));
}
