// What holds beside the import table: which files alone may import a package, which are roots, and which folders are programs.
// The rule: a heavy package has one door.

/** Packages that only these files may import, whatever the row of their folder says: one door each. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['gateway/store/sqlite.ts'],
  pg: ['gateway/store/postgres.ts'],
  yaml: ['gateway/admin/', 'bridge/host/'],
  'prom-client': ['gateway/http/metrics.ts'],
  'oidc-provider': ['gateway/sign-in/', 'gateway/http/sign-in/'],
  'openid-client': ['gateway/sign-in/identity-provider.ts', 'gateway/identity/grant.ts'],
  otpauth: ['gateway/sign-in/local-account.ts'],
  '@napi-rs/keyring': ['bridge/device/keychain.ts'],
  undici: ['gateway/egress/'],
  'ipaddr.js': ['gateway/egress/address.ts'],
  electron: ['main/'],
  react: ['renderer/'],
  'react-dom': ['renderer/'],
  'electron-builder': ['build/package/'],
};

/** Composition roots: only they read the environment. */
export const roots: readonly string[] = [
  'gateway/main.ts',
  'gateway/cli.ts',
  'gateway/launch.mjs',
  'bridge/agent.ts',
  'bridge/cli.ts',
  'bridge/launch.mjs',
  'main/main.ts',
  'renderer/companion/main.tsx',
  'build/setup.mjs',
  'build/start/main.ts',
  'build/package/main.ts',
];

/** Folders of the programs: each must hold modules, or the checks looked in the wrong place. */
export const programs = ['contract', 'gateway', 'bridge', 'main', 'renderer', 'build'] as const;
