// A local server that was resolved: the exact process to start, and the fingerprint that stands for it.
// The fingerprint covers the unredacted arguments; what leaves the device is the redacted Command.
import { createHash } from 'node:crypto';
import { Fingerprint } from '#contract/id.ts';
import type { Command, LocalServerSource, Offer } from '#contract/server.ts';
import { choosesCode } from './environment.ts';
import { redactArguments } from './redact.ts';

/** How a command was identified and what to start for it: the outcome of npm.ts, pypi.ts, image.ts and file.ts. */
export interface Recipe {
  readonly kind: Command['kind'];
  readonly identity: string;
  readonly version?: string;
  /** The script of an npm package that runs, relative to the package. */
  readonly entry?: string;
  readonly contentHash: string;
  /** False: an interpreter whose code is in no file that is named. */
  readonly isCodeHashed?: boolean;
  /** Arguments after the identity, as the entry spells them. */
  readonly shown: readonly string[];
  readonly file: string;
  readonly args: readonly string[];
  /** Is the content on disk still what contentHash says? Asked again before each start. */
  verify(): Promise<boolean>;
}

export interface Launch {
  readonly source: LocalServerSource;
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the child. Its values are secrets: never logged, never shown. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly fingerprint: Fingerprint;
  /** Redacted: this is what an approver sees. */
  readonly command: Command;
  verify(): Promise<boolean>;
}

/** Puts a recipe and its entry together. */
export function launchOf(
  source: LocalServerSource,
  recipe: Recipe,
  at: { env: Readonly<Record<string, string>>; cwd: string },
): Launch {
  const { env, cwd } = source.line;
  const environmentNames = Object.keys(env).toSorted();
  const loading = environmentNames.filter(choosesCode).map((name) => [name, env[name] ?? ''] as const);
  const identified = {
    kind: recipe.kind,
    identity: recipe.identity,
    ...(recipe.version === undefined ? {} : { version: recipe.version }),
    ...(recipe.entry === undefined ? {} : { entry: recipe.entry }),
    ...(cwd === undefined ? {} : { cwd }),
    contentHash: recipe.contentHash,
    environmentNames,
  };
  const exact = { ...identified, args: recipe.shown, ...(loading.length === 0 ? {} : { loading }) };
  return {
    source,
    file: recipe.file,
    args: recipe.args,
    env: at.env,
    cwd: at.cwd,
    fingerprint: Fingerprint.parse(`sha256:${createHash('sha256').update(canonical(exact)).digest('hex')}`),
    command: {
      ...identified,
      args: redactArguments(recipe.shown),
      ...(recipe.isCodeHashed === false ? { isCodeHashed: false } : {}),
      ...(loading.length === 0 ? {} : { loading: redactArguments(loading.map(([name, value]) => `${name}=${value}`)) }),
    },
    verify: () => recipe.verify(),
  };
}

/** What the device says of it to the gateway. */
export function offerOf(launch: Launch): Offer {
  const { source, fingerprint, command } = launch;
  return { server: source.server, fingerprint, command, hosts: [...source.hosts] };
}

/** JSON with sorted keys: the same bytes for the same content. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
