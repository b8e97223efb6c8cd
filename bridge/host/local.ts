// The local servers that were taken over from the hosts' configs, as the bridge may offer them. The same name with two different lines stands twice.
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Sealer } from '#contract/secret.ts';
import type { LaunchLine, LocalServerSource } from '#contract/server.ts';
import { readPlain } from '../plain-file.ts';
import { codeOf } from './atomic.ts';
import { parseEnvironment } from './env-file.ts';
import { shown } from './file.ts';
import { readLedger } from './ledger.ts';
import { openText } from './sealed-text.ts';
import type { SealedText } from './sealed-text.ts';

export interface LocalServersRequest {
  readonly home: string;
  readonly stateDir: string;
  readonly sealer: Sealer;
  /** Where the variables come from that an entry asks its host to pass on (`env_vars` of Codex). */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** As take.ts seals it. */
const Line = z.strictObject({
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string().optional(),
  envFile: z.string().optional(),
  envNames: z.array(z.string()).optional(),
});
const envFileLimitBytes = 64 * 1024;

export async function localServers(request: LocalServersRequest): Promise<readonly LocalServerSource[]> {
  const ledger = await readLedger(request.stateDir);
  const found = new Map<string, LocalServerSource>();
  for (const file of ledger.files)
    for (const entry of file.entries) {
      if (entry.server === undefined || entry.line === undefined) continue;
      const { line, lacks } = await launchLine(openLine(entry.line, request.sealer), request);
      const environment = [Object.entries(line.env).sort(), lacks];
      const key = JSON.stringify([entry.server, line.command, line.args, environment, line.cwd ?? null]);
      const hosts = [...new Set([...(found.get(key)?.hosts ?? []), file.host])];
      found.set(key, { server: entry.server, line, hosts, origin: 'host', ...(lacks !== undefined && { lacks }) });
    }
  return [...found.values()];
}

function openLine(sealed: SealedText, sealer: Sealer): z.infer<typeof Line> {
  return z.object({ of: z.object({ line: Line }) }).parse(JSON.parse(openText(sealed, sealer))).of.line;
}

/** The entry's own values win over its file's, and both over what the host would pass on. */
async function launchLine(
  line: z.infer<typeof Line>,
  { env = {}, home }: LocalServersRequest,
): Promise<{ readonly line: LaunchLine; readonly lacks?: string }> {
  const passed = (line.envNames ?? []).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const file = line.envFile === undefined ? {} : await fromFile(line.envFile, home);
  const own = { ...Object.fromEntries(passed), ...file.values, ...line.env };
  return {
    line: { command: line.command, args: [...line.args], env: own, ...(line.cwd !== undefined && { cwd: line.cwd }) },
    ...(file.lacks !== undefined && { lacks: file.lacks }),
  };
}

/**
 * What it holds, or why that can't be said: a server that is started without it would do something else than its host had it do. A pipe is not read (1Password
 * mounts one, and asks its user at each reading): this is read whenever the servers are looked at, not only when one starts.
 */
async function fromFile(
  path: string,
  home: string,
): Promise<{ readonly values?: Readonly<Record<string, string>>; readonly lacks?: string }> {
  if (!isAbsolute(path)) return { lacks: lacking(path, 'is not named by its full path') };
  try {
    return { values: parseEnvironment((await readPlain(path, envFileLimitBytes)).toString()) };
  } catch (error) {
    const code = codeOf(error) ?? 'unknown';
    return { lacks: lacking(shown(path, home), whyUnread[code] ?? `can't be read (${code})`) };
  }
}

const whyUnread: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EINVAL: 'is no plain file (a pipe, such as a password manager mounts, is not read)',
  EFBIG: `is larger than ${envFileLimitBytes / 1024} KiB`,
};

function lacking(file: string, why: string): string {
  const remedy =
    'Put a plain file there, or have the entry start its server by a program that fetches the secrets (such as "op run"); then restart the server.';
  return `its env file ${file.slice(0, 200)} ${why}. ${remedy}`;
}
