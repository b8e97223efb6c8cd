// A local stdio server on a workstation, as the programs speak of it: what the device offers and what the gateway says to it.
// The command line itself never crosses: only the device knows it (ARCHITECTURE.md, "Where commands come from").
import { z } from 'zod';
import { Fingerprint, Slug } from './id.ts';

/** How the command was identified, for the person who approves it. No secret values: arguments are redacted on the device. */
export const Command = z.looseObject({
  /** What was resolved: an npm or PyPI package with its version, a container image, or a plain file. */
  kind: z.enum(['npm', 'pypi', 'image', 'file']),
  /** `@scope/name`, an image reference, or the absolute path of the executable. */
  identity: z.string(),
  /** The installed version; absent for a plain file. */
  version: z.string().optional(),
  /** What of the package runs: a script of an npm package, a command of a PyPI package. */
  entry: z.string().optional(),
  /** The directory that the entry sets. */
  cwd: z.string().optional(),
  /** SHA-256 over the package's files or the executable and its script, hex. */
  contentHash: z.string(),
  /** False where the hash covers an interpreter only: a module's name, a directory or a text decides which code it runs. Absent means true. */
  isCodeHashed: z.boolean().optional(),
  /** Arguments after the identity, with what looks like a secret shown as `[redacted]`. */
  args: z.array(z.string()),
  /** Names of the environment variables that the entry sets. Values never leave the device. */
  environmentNames: z.array(z.string()),
  /** `NAME=value` of those variables that decide which code runs, with what looks like a secret shown as `[redacted]`. */
  loading: z.array(z.string()).optional(),
});
export type Command = z.infer<typeof Command>;

/** One local server that the device could run: its name, its fingerprint, the hosts whose config names it. */
export const Offer = z.looseObject({
  server: Slug,
  fingerprint: Fingerprint,
  command: Command,
  hosts: z.array(z.string()),
});
export type Offer = z.infer<typeof Offer>;

/** What the gateway says of a fingerprint. What is not listed is not approved. */
export const Verdict = z.looseObject({ server: Slug, fingerprint: Fingerprint, decision: z.enum(['approved', 'denied']) });
export type Verdict = z.infer<typeof Verdict>;

/** A local server as a host's config or the profile spells it. Stays on the device; `env` values are secrets. */
export const LaunchLine = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
});
export type LaunchLine = z.infer<typeof LaunchLine>;

/** A launch line under the name that the gateway knows it by, with the hosts that name it. The same name with two different lines stands twice. */
export interface LocalServerSource {
  readonly server: Slug;
  readonly line: LaunchLine;
  readonly hosts: readonly string[];
  /** `profile`: IT listed it. `host`: taken over from the user's own host config. */
  readonly origin: 'profile' | 'host';
  /** Why it can't run as its entry says: part of its environment can't be read. */
  readonly lacks?: string;
}
