// osquery: tables over posture.sqlite (bridge/posture/mirror.ts) by automatic table construction, one configuration per system.
// Rule: the verdict is made when it is asked for, from expires_at and the clock; a mirror that nobody writes any more turns stale by itself.

const stale = [
  `(SELECT value FROM summary WHERE key = 'status') IN ('stopped', 'unknown')`,
  `(SELECT value FROM summary WHERE key = 'expires_at') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
  `(SELECT value FROM summary WHERE key = 'generated_at') > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 minutes')`,
].join(' OR ');
/** What the verdict is made from; a mirror without it is damaged. */
const damaged = ['status', 'compliant', 'expires_at', 'generated_at']
  .map((key) => `NOT EXISTS (SELECT 1 FROM summary WHERE key = '${key}' AND value <> '')`)
  .join(' OR ');
const verdict = `CASE WHEN ${damaged} THEN 'error' WHEN ${stale} THEN 'stale' WHEN (SELECT value FROM summary WHERE key = 'compliant') = 'true' THEN 'compliant' ELSE 'noncompliant' END`;

interface Table {
  readonly query: string;
  /** Without `path`: osquery adds it itself, with the file that a row is from. */
  readonly columns: readonly string[];
}
const host = ['host', 'installed', 'config_path', 'state', 'gateway_entry', 'direct_remote', 'direct_stdio'];
const finding = ['id', 'code', 'severity', 'state', 'host', 'config_path', 'setting', 'server', 'first_seen', 'last_seen'];
const tables: Readonly<Record<string, Table>> = {
  drawbridge_posture: {
    query: `SELECT key, value FROM summary UNION ALL SELECT 'verdict', ${verdict}`,
    columns: ['key', 'value'],
  },
  drawbridge_host_config: { query: `SELECT ${host.join(', ')} FROM host_config`, columns: host },
  drawbridge_finding: { query: `SELECT ${finding.join(', ')} FROM finding`, columns: finding },
};

const systems = {
  linux: {
    platform: 'linux',
    paths: { '': '/var/lib/drawbridge/posture/%/', _home: '/home/%/.local/state/drawbridge/posture/' },
  },
  macos: {
    platform: 'darwin',
    paths: {
      '': '/Library/Application Support/Drawbridge/posture/%/',
      _home: '/Users/%/Library/Application Support/Drawbridge/posture/',
    },
  },
  windows: { platform: 'windows', paths: { '': String.raw`C:\Users\%\AppData\Local\Drawbridge\posture` + '\\' } },
} as const;

/** Tables without a suffix are over the installer's folder, those with `_home` over the users' own. */
export function renderOsquery(system: keyof typeof systems): string {
  const { platform, paths } = systems[system];
  const construction = Object.fromEntries(
    Object.entries(paths).flatMap(([suffix, folder]) =>
      Object.entries(tables).map(([name, { query, columns }]) => [
        `${name}${suffix}`,
        { query, path: `${folder}posture.sqlite`, columns, platform },
      ]),
    ),
  );
  return `${JSON.stringify({ auto_table_construction: construction }, undefined, 2)}\n`;
}
