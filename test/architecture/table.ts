// Who may import whom: the one table behind the architecture test, oxlint's restrictions and the table in ARCHITECTURE.md.
// Read downwards it is a DAG: what a row allows stands above it, or belongs to the row itself. What no row allows is refused.

export interface Layer {
  /** A folder with all below it (`gateway/store/`), the files right in a folder (`gateway/*`), or one file. The most specific row counts. */
  readonly at: string;
  /** Folders and files of ours that it may import, beside itself. */
  readonly ours: readonly string[];
  /** npm packages that it may import. */
  readonly packages: readonly string[];
  /** Which of Node's own modules: all, or the named ones. */
  readonly node: 'all' | readonly string[];
}

const contract = ['contract/'];
/** The logger is passed in; its type may be named wherever something is logged. */
const logger = ['pino'];

export const layers: readonly Layer[] = [
  { at: 'contract/', ours: [], packages: ['zod'], node: [] },

  { at: 'gateway/call.ts', ours: contract, packages: [], node: [] },
  { at: 'gateway/metrics.ts', ours: contract, packages: [], node: [] },
  { at: 'gateway/key-file.ts', ours: contract, packages: [], node: 'all' },
  { at: 'gateway/aes.ts', ours: [], packages: [], node: ['crypto'] },
  { at: 'gateway/mcp/', ours: [...contract, 'gateway/call.ts'], packages: ['@modelcontextprotocol/core', 'zod'], node: 'all' },
  // The one way out to addresses that come from a policy or from somebody's document.
  { at: 'gateway/egress/', ours: contract, packages: ['undici', 'ipaddr.js', 'http-message-signatures'], node: 'all' },
  { at: 'gateway/slice.ts', ours: [], packages: [], node: 'all' },
  {
    at: 'gateway/rule/',
    ours: [...contract, 'gateway/slice.ts', 'gateway/mcp/', 'gateway/egress/egress.ts', 'gateway/egress/read.ts'],
    packages: ['rregex', 'ibantools', 'libphonenumber-js', 'zod'],
    node: 'all',
  },
  // What definitions of items are, and whether somebody stood for them.
  {
    at: 'gateway/pin/',
    ours: [...contract, 'gateway/rule/injection.ts', 'gateway/rule/match.ts', 'gateway/rule/fold.ts', 'gateway/rule/unseen.ts'],
    packages: [],
    node: 'all',
  },
  {
    at: 'gateway/policy/',
    ours: [...contract, 'gateway/call.ts', 'gateway/mcp/feature.ts', 'gateway/mcp/uri-template.ts', 'gateway/rule/compile.ts'],
    packages: [],
    node: [],
  },
  { at: 'gateway/bus/', ours: contract, packages: logger, node: 'all' },
  { at: 'gateway/wake.ts', ours: [], packages: [], node: [] },
  {
    at: 'gateway/store/',
    ours: [...contract, 'gateway/slice.ts', 'gateway/wake.ts', 'gateway/bus/bus.ts'],
    packages: [...logger, 'kysely', 'better-sqlite3', 'pg', 'zod'],
    node: 'all',
  },
  // What the store says, as everybody who follows it has it.
  { at: 'gateway/state.ts', ours: [...contract, 'gateway/policy/people.ts', 'gateway/store/store.ts'], packages: [], node: [] },
  {
    at: 'gateway/in-force.ts',
    ours: [...contract, 'gateway/policy/', 'gateway/rule/', 'gateway/state.ts', 'gateway/store/store.ts', 'gateway/bus/bus.ts'],
    packages: logger,
    node: [],
  },
  {
    at: 'gateway/caller/',
    ours: [...contract, 'gateway/call.ts', 'gateway/key-file.ts', 'gateway/store/store.ts', 'gateway/bus/bus.ts'],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/workstation/',
    ours: [...contract, 'gateway/caller/ahead.ts', 'gateway/policy/people.ts', 'gateway/store/store.ts', 'gateway/bus/bus.ts'],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/vault/',
    ours: [
      ...contract,
      'gateway/aes.ts',
      'gateway/key-file.ts',
      'gateway/store/store.ts',
      'gateway/store/sink.ts',
      'gateway/store/engine-secret.ts',
      'gateway/bus/bus.ts',
    ],
    packages: ['zod'],
    node: 'all',
  },
  {
    at: 'gateway/audit/',
    ours: [
      ...contract,
      'gateway/wake.ts',
      'gateway/key-file.ts',
      'gateway/store/store.ts',
      'gateway/store/apart.ts',
      'gateway/store/value.ts',
      'gateway/store/search.ts',
      'gateway/store/retention.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  // What of the records deserves a look.
  {
    at: 'gateway/alert/',
    ours: [...contract, 'gateway/store/store.ts', 'gateway/store/alert.ts', 'gateway/audit/record.ts', 'gateway/audit/repeat.ts'],
    packages: logger,
    node: 'all',
  },
  // Where records go besides the database.
  {
    at: 'gateway/sink/',
    ours: [
      ...contract,
      'gateway/slice.ts',
      'gateway/wake.ts',
      'gateway/store/store.ts',
      'gateway/store/sink.ts',
      'gateway/bus/bus.ts',
      'gateway/egress/',
      'gateway/vault/',
      'gateway/audit/record.ts',
      'gateway/audit/repeat.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/identity/',
    ours: [
      ...contract,
      'gateway/store/store.ts',
      'gateway/mcp/challenge.ts',
      'gateway/egress/',
      'gateway/vault/',
      'gateway/audit/record.ts',
    ],
    packages: [...logger, 'openid-client', 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/tunnel/',
    ours: [
      ...contract,
      'gateway/wake.ts',
      'gateway/state.ts',
      'gateway/store/store.ts',
      'gateway/bus/bus.ts',
      'gateway/workstation/',
      'gateway/audit/record.ts',
    ],
    packages: [...logger, 'ws', 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/upstream/',
    ours: [
      ...contract,
      'gateway/call.ts',
      'gateway/in-force.ts',
      'gateway/policy/compile.ts',
      'gateway/mcp/',
      'gateway/tunnel/hub.ts',
      'gateway/egress/',
      'gateway/identity/identities.ts',
      'gateway/vault/vault.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/pipeline/',
    ours: [
      ...contract,
      'gateway/aes.ts',
      'gateway/call.ts',
      'gateway/metrics.ts',
      'gateway/in-force.ts',
      'gateway/mcp/',
      'gateway/rule/',
      'gateway/pin/',
      'gateway/policy/',
      'gateway/upstream/',
      'gateway/audit/record.ts',
    ],
    packages: logger,
    node: 'all',
  },
  {
    at: 'gateway/sign-in/',
    ours: [
      ...contract,
      'gateway/aes.ts',
      'gateway/store/store.ts',
      'gateway/store/sign-in.ts',
      'gateway/mcp/address.ts',
      'gateway/caller/signing-key.ts',
      'gateway/egress/',
      'gateway/audit/record.ts',
    ],
    packages: ['oidc-provider', 'openid-client', 'otpauth', 'zod'],
    node: 'all',
  },
  {
    at: 'gateway/admin/',
    ours: [
      ...contract,
      'gateway/slice.ts',
      'gateway/caller/',
      'gateway/pin/diff.ts',
      'gateway/store/',
      'gateway/policy/',
      'gateway/rule/',
      'gateway/mcp/uri-template.ts',
      'gateway/mcp/span.ts',
      'gateway/audit/',
      'gateway/vault/',
      'gateway/sink/',
      'gateway/egress/way.ts',
      'gateway/pipeline/preview.ts',
    ],
    packages: [...logger, 'yaml', 'zod'],
    node: 'all',
  },
  // A host on a channel is a door like the ones in gateway/http; it stands with the protocol that it speaks.
  {
    at: 'gateway/mcp/line.ts',
    ours: [...contract, 'gateway/call.ts', 'gateway/mcp/', 'gateway/pipeline/', 'gateway/tunnel/hub.ts'],
    packages: [],
    node: 'all',
  },
  {
    at: 'gateway/http/',
    ours: [
      ...contract,
      'gateway/call.ts',
      'gateway/metrics.ts',
      'gateway/in-force.ts',
      'gateway/key-file.ts',
      'gateway/store/store.ts',
      'gateway/bus/bus.ts',
      'gateway/mcp/',
      'gateway/pipeline/',
      'gateway/caller/',
      'gateway/workstation/',
      'gateway/admin/',
      'gateway/audit/',
      'gateway/tunnel/',
      'gateway/egress/address.ts',
    ],
    packages: [...logger, 'prom-client', 'ws', 'zod'],
    node: 'all',
  },
  // The admin API: routes made from the contract's table.
  {
    at: 'gateway/http/admin/',
    ours: [
      ...contract,
      'gateway/aes.ts',
      'gateway/http/',
      'gateway/admin/',
      'gateway/store/store.ts',
      'gateway/workstation/event.ts',
      'gateway/audit/record.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  // SCIM: a directory provisions people and groups.
  {
    at: 'gateway/http/scim/',
    ours: [
      ...contract,
      'gateway/http/',
      'gateway/admin/',
      'gateway/store/store.ts',
      'gateway/store/directory.ts',
      'gateway/workstation/event.ts',
      'gateway/audit/record.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  // What a browser sees of signing in.
  {
    at: 'gateway/http/sign-in/',
    ours: [
      ...contract,
      'gateway/http/',
      'gateway/sign-in/',
      'gateway/store/store.ts',
      'gateway/mcp/address.ts',
      'gateway/caller/signing-key.ts',
      'gateway/egress/egress.ts',
      'gateway/egress/address.ts',
      'gateway/audit/record.ts',
    ],
    packages: [...logger, 'oidc-provider', 'zod'],
    node: 'all',
  },
  // The pages where people look after their identities at remote servers.
  {
    at: 'gateway/http/identity/',
    ours: [
      ...contract,
      'gateway/http/',
      'gateway/identity/',
      'gateway/vault/',
      'gateway/sign-in/person.ts',
      'gateway/store/store.ts',
    ],
    packages: [...logger, 'zod'],
    node: 'all',
  },
  { at: 'gateway/settings.ts', ours: [...contract, 'gateway/http/', 'gateway/store/'], packages: ['zod'], node: 'all' },
  {
    at: 'gateway/command/',
    ours: [
      ...contract,
      'gateway/pin/diff.ts',
      'gateway/settings.ts',
      'gateway/admin/',
      'gateway/rule/',
      'gateway/audit/',
      'gateway/store/',
      'gateway/egress/egress.ts',
      'gateway/egress/connect.ts',
      'gateway/sink/',
      'gateway/egress/way.ts',
      'gateway/egress/signature.ts',
      'gateway/vault/',
      'gateway/identity/',
      'gateway/caller/signing-key.ts',
      'gateway/caller/request-key.ts',
    ],
    packages: [...logger, 'commander'],
    node: 'all',
  },
  { at: 'gateway/*', ours: [...contract, 'gateway/'], packages: [...logger, 'commander', 'zod'], node: 'all' },

  { at: 'bridge/profile/', ours: contract, packages: [...logger, 'zod'], node: 'all' },
  { at: 'bridge/plain-file.ts', ours: contract, packages: [], node: 'all' },
  { at: 'bridge/lock.ts', ours: ['bridge/plain-file.ts'], packages: ['zod'], node: 'all' },
  { at: 'bridge/root-certificate.ts', ours: [], packages: [], node: 'all' },
  {
    at: 'bridge/device/',
    ours: [...contract, 'bridge/root-certificate.ts', 'bridge/plain-file.ts'],
    packages: ['@napi-rs/keyring', 'zod'],
    node: 'all',
  },
  { at: 'bridge/server/', ours: [...contract, 'bridge/plain-file.ts'], packages: [...logger, 'zod'], node: 'all' },
  {
    at: 'bridge/host/',
    ours: [...contract, 'bridge/lock.ts', 'bridge/plain-file.ts'],
    packages: [...logger, 'jsonc-parser', 'smol-toml', 'yaml', 'diff', 'zod'],
    node: 'all',
  },
  { at: 'bridge/posture/', ours: [...contract, 'bridge/plain-file.ts'], packages: [...logger, 'zod'], node: 'all' },
  {
    at: 'bridge/tunnel/',
    ours: [...contract, 'bridge/root-certificate.ts', 'bridge/server/pool.ts'],
    packages: [...logger, 'ws', 'bufferutil', 'zod'],
    node: 'all',
  },
  { at: 'bridge/socket/', ours: [...contract, 'bridge/plain-file.ts'], packages: [...logger, 'zod'], node: 'all' },
  { at: 'bridge/shim/', ours: [...contract, 'bridge/socket/path.ts'], packages: [], node: 'all' },
  { at: 'bridge/location.ts', ours: contract, packages: [], node: 'all' },
  { at: 'bridge/launcher.ts', ours: ['bridge/location.ts', 'bridge/plain-file.ts'], packages: [], node: 'all' },
  {
    at: 'bridge/command/',
    ours: [
      ...contract,
      'bridge/profile/',
      'bridge/device/',
      'bridge/host/',
      'bridge/posture/',
      'bridge/socket/',
      'bridge/location.ts',
      'bridge/launcher.ts',
      'bridge/lock.ts',
    ],
    packages: ['commander'],
    node: 'all',
  },
  { at: 'bridge/*', ours: [...contract, 'bridge/'], packages: [...logger, 'commander', 'zod'], node: 'all' },
  { at: 'main/', ours: contract, packages: ['electron', 'zod'], node: 'all' },
  { at: 'renderer/', ours: contract, packages: ['react', 'react-dom', 'react-aria-components'], node: [] },
  { at: 'build/', ours: contract, packages: ['diff', 'zod'], node: 'all' },
  { at: 'build/package/', ours: [...contract, 'build/setup/'], packages: ['electron-builder', 'vite', 'zod'], node: 'all' },
];

/** Whether a row's `at`, or an allowance, means this file. */
export function covers(at: string, path: string): boolean {
  if (at.endsWith('/')) return path.startsWith(at);
  if (at.endsWith('/*')) return path.startsWith(at.slice(0, -1)) && !path.slice(at.length - 1).includes('/');
  return path === at;
}
