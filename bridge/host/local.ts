// The local servers that were taken over from the hosts' configs, as the bridge may offer them. The same name with two different lines stands twice.
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Sealer } from '#contract/secret.ts';
import type { LaunchLine, LocalServerSource } from '#contract/server.ts';
import { readPlain } from '../plain-file.ts';
import { parseEnvironment } from './env-file.ts';
import { readLedger } from './ledger.ts';
import { openText } from './sealed-text.ts';
import type { SealedText } from './sealed-text.ts';

export interface LocalServersRequest {
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
      const line = await launchLine(openLine(entry.line, request.sealer), request.env ?? {});
      const key = JSON.stringify([entry.server, line.command, line.args, Object.entries(line.env).sort(), line.cwd ?? null]);
      const hosts = [...new Set([...(found.get(key)?.hosts ?? []), file.host])];
      found.set(key, { server: entry.server, line, hosts, origin: 'host' });
    }
  return [...found.values()];
}

function openLine(sealed: SealedText, sealer: Sealer): z.infer<typeof Line> {
  return z.object({ of: z.object({ line: Line }) }).parse(JSON.parse(openText(sealed, sealer))).of.line;
}

/** The entry's own values win over its file's, and both over what the host would pass on. */
async function launchLine(line: z.infer<typeof Line>, env: NonNullable<LocalServersRequest['env']>): Promise<LaunchLine> {
  const passed = (line.envNames ?? []).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const own = { ...Object.fromEntries(passed), ...(await fromFile(line.envFile)), ...line.env };
  return { command: line.command, args: [...line.args], env: own, ...(line.cwd !== undefined && { cwd: line.cwd }) };
}

/** A file that can't be read gives nothing: the server then says itself what it misses. */
async function fromFile(path: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (path === undefined || !isAbsolute(path)) return {};
  const bytes = await readPlain(path, envFileLimitBytes).catch(() => '');
  return parseEnvironment(bytes.toString());
}
