// Runs one of the official conformance suites as its own process against an address, and reads what each of its scenarios said. A scenario that left
// no result counts as failed: nothing passes by being absent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const resolve = createRequire(import.meta.url).resolve;
export const programs = {
  released: resolve('@modelcontextprotocol/conformance/dist/index.js'),
  next: resolve('conformance-next/dist/index.js'),
};

export interface Suite {
  /** As people call it: the release, or the revision whose requirements it runs. */
  readonly name: ServerSuiteName;
  readonly program: keyof typeof programs;
  readonly args: readonly string[];
  /** Milliseconds that all its scenarios may take together. */
  readonly withinMs: number;
}
export type SuiteName = '0.1.16' | '2025-11-25' | '2026-07-28' | ClientSuiteName | 'authorization';
export type ClientSuiteName = 'client 2025-11-25' | 'client 2026-07-28';
type ServerSuiteName = Exclude<SuiteName, ClientSuiteName | 'authorization'>;

export const suites: Readonly<Record<ServerSuiteName, Suite>> = {
  '0.1.16': { name: '0.1.16', program: 'released', args: [], withinMs: 180_000 },
  '2025-11-25': {
    name: '2025-11-25',
    program: 'next',
    args: ['--requirements', '2025-11-25', '--timeout', '15000'],
    withinMs: 180_000,
  },
  '2026-07-28': {
    name: '2026-07-28',
    program: 'next',
    args: ['--requirements', '2026-07-28', '--timeout', '15000'],
    withinMs: 180_000,
  },
};

/** What it takes to sign in, in either revision. */
const signIn = [
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/basic-cimd',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/scope-step-up',
  'auth/scope-retry-limit',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
  'auth/pre-registration',
] as const;

/** Client scenarios that the driver plays: those of its upstream half, with what it takes to sign in there (`auth/…`). */
export const clientSuites: Readonly<Record<ClientSuiteName, readonly string[]>> = {
  'client 2025-11-25': ['initialize', 'tools_call', 'sse-retry', 'elicitation-sep1034-client-defaults', ...signIn],
  'client 2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-ref-no-deref',
    ...signIn,
    'auth/resource-mismatch',
    'auth/offline-access-scope',
    'auth/offline-access-not-supported',
    'auth/authorization-server-migration',
    'auth/iss-supported',
    'auth/iss-not-advertised',
    'auth/iss-supported-missing',
    'auth/iss-wrong-issuer',
    'auth/iss-unexpected',
    'auth/iss-normalized',
    'auth/metadata-issuer-mismatch',
  ],
};
/** Those that a build plays: each of what an upstream half does that is no sign-in, and of what there is to a sign-in one of each kind. */
export const shortClientSuites: Readonly<Record<ClientSuiteName, readonly string[]>> = {
  'client 2025-11-25': ['initialize', 'tools_call', 'sse-retry', 'auth/metadata-var1'],
  'client 2026-07-28': [
    ...clientSuites['client 2026-07-28'].filter((name) => !name.startsWith('auth/')),
    'auth/metadata-var2',
    'auth/scope-step-up',
    'auth/token-endpoint-auth-basic',
    'auth/iss-wrong-issuer',
    'auth/metadata-issuer-mismatch',
  ],
};
/** One scenario, with the start of a gateway server: a bound on a hang, not a measure. The suite's own is 30 s, which a busy machine needs. */
const clientWithinMs = 150_000;
/** Their processes mostly wait for one another. */
const clientsAtOnce = 3;

const statuses = ['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO'] as const;
export type Status = (typeof statuses)[number];
const Checks = z.array(
  z.looseObject({
    id: z.string(),
    status: z.enum(statuses),
    description: z.string(),
    errorMessage: z.string().optional(),
  }),
);

/** One check of a scenario. An id that is reported several times is one check, at its worst. */
export interface Check {
  readonly status: Status;
  /** What it says where it did not pass. */
  readonly words: string;
}
export interface Scenario {
  readonly name: string;
  /** Whether the suite counts it for conformance with this revision. */
  readonly isScored: boolean;
  readonly checks: ReadonlyMap<string, Check>;
}
/** What stands for a scenario that left no result. */
export const noResult = 'no-result';

/** Runs the whole suite. `keep` names a folder that the suite's own files are copied to: it may hold those of earlier runs, which are never read. */
export async function runSuite(suite: Suite, url: string, keep?: string): Promise<readonly Scenario[]> {
  return inFolder(keep, async (dir) => {
    const signal = AbortSignal.timeout(suite.withinMs);
    const child = spawn(process.execPath, [programs[suite.program], 'server', '--url', url, ...suite.args, '-o', dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    const ended = once(child, 'close').catch((error: unknown) => {
      throw new Error(`the suite ${suite.name} did not end within ${suite.withinMs / 1000} s`, { cause: error });
    });
    const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const names = [...printed.matchAll(/^=== Running scenario: (\S+) ===$/gm)].map(([, name]) => name ?? '');
    if (names.length === 0) throw new Error(`the suite ${suite.name} ran no scenario: ${errors || printed}`);
    const unscored = new Set([...printed.matchAll(/^ {2}[✓✗] (\S+) \(.+\)$/gm)].map(([, name]) => name ?? ''));
    return readScenarios(dir, names, 'server-', unscored);
  });
}

/** Runs client scenarios, each with the driver as the client: an SDK alone (`direct`), or the gateway with an SDK before it. */
export async function runClientSuite(
  name: ClientSuiteName,
  way: 'direct' | 'through',
  keep?: string,
  scenarios: readonly string[] = clientSuites[name],
): Promise<readonly Scenario[]> {
  const driver = fileURLToPath(new URL('driver.ts', import.meta.url));
  const revision = name.replace('client ', '');
  // All of them one by one: some have bounds of their own on how long something may take.
  const atOnce = scenarios === clientSuites[name] ? 1 : clientsAtOnce;
  return inFolder(keep, async (dir) => {
    const left = scenarios.values();
    const some = async (): Promise<void> => {
      for (const scenario of left) await play(scenario);
    };
    const play = async (scenario: string): Promise<void> => {
      const command = [process.execPath, driver, way].join(' ');
      const args = [
        '--command',
        command,
        '--scenario',
        scenario,
        '--spec-version',
        revision,
        '--timeout',
        String(clientWithinMs),
        '-o',
        dir,
      ];
      const signal = AbortSignal.timeout(clientWithinMs + 20_000);
      const child = spawn(process.execPath, [programs.next, 'client', ...args], { stdio: 'ignore', signal });
      // One that does not end leaves no result, and so fails.
      await once(child, 'close').catch(() => undefined);
    };
    await Promise.all(Array.from({ length: atOnce }, some));
    return readScenarios(dir, scenarios, '');
  });
}

/** A new folder for the files of a suite, which are copied to `keep`. */
export async function inFolder<T>(keep: string | undefined, act: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-conformance-'));
  try {
    return await act(dir);
  } finally {
    if (keep !== undefined) await cp(dir, keep, { recursive: true });
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the suite left in the folder of each scenario: `<prefix><name>-<time>`. */
export async function readScenarios(
  dir: string,
  names: readonly string[],
  prefix: string,
  unscored: ReadonlySet<string> = new Set(),
): Promise<readonly Scenario[]> {
  const folders = await readdir(dir, { recursive: true });
  return Promise.all(
    names.map(async (name) => ({
      name,
      isScored: !unscored.has(name),
      checks: await readChecks(dir, folders, name, prefix),
    })),
  );
}

async function readChecks(
  dir: string,
  folders: readonly string[],
  name: string,
  prefix: string,
): Promise<ReadonlyMap<string, Check>> {
  const folder = folders.find((one) => new RegExp(`^${prefix}${name}-\\d{4}-\\d{2}-\\d{2}T[^/]*$`).test(one));
  const content = folder && (await readFile(join(dir, folder, 'checks.json'), 'utf8').catch(() => undefined));
  if (!content) return new Map([[noResult, { status: 'FAILURE', words: 'the scenario ended without a result' }]]);
  const checks = new Map<string, Check>();
  for (const { id, status, description, errorMessage } of Checks.parse(JSON.parse(content))) {
    const known = checks.get(id);
    if (!known || weight(status) > weight(known.status)) checks.set(id, { status, words: errorMessage ?? description });
  }
  return checks;
}

function weight(status: Status): number {
  return (['INFO', 'SKIPPED', 'SUCCESS', 'WARNING', 'FAILURE'] as const).indexOf(status);
}
