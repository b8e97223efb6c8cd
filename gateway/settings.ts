// The gateway server's own configuration, parsed once from flags and environment. What is missing, unknown or unsafe is refused with one
// line that says what to do; the database's address comes from the environment only, because it holds a password.
import { BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { defaultMessageLimitBytes, largestMessageLimitBytes } from '#contract/frame.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { isLoopback } from './http/origin.ts';
import type { StoreLocation } from './store/location.ts';

const HostPort = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    context.addIssue('write HOST:PORT, such as 127.0.0.1:7070.');
    return z.NEVER;
  }
  return { host, port };
});

const Origin = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const isOrigin = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, '')));
  if (!url || !isOrigin || !isSafe) {
    context.addIssue('write an https origin without a path, such as https://mcp.example.org (http on loopback only).');
    return z.NEVER;
  }
  return url.origin;
});

const Network = z.string().transform((text, context) => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  const width = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (family === 0 || rest.length > 0 || !(prefix <= width)) {
    context.addIssue('write an IP address or a network, such as 10.0.0.7 or 10.0.0.0/24.');
    return z.NEVER;
  }
  return { address, prefix, family: family === 6 ? ('ipv6' as const) : ('ipv4' as const) };
});

const Bytes = z
  .string()
  .regex(/^\d+$/, 'write a number of bytes.')
  .transform(Number)
  .pipe(z.number().min(65_536, 'use at least 65536.').max(largestMessageLimitBytes, 'use at most 67108864 (64 MiB).'));

const Where = { data: z.string().min(1, 'name a directory.').optional() };
const ServeFlags = z.strictObject({
  ...Where,
  listen: HostPort.default({ host: '127.0.0.1', port: 7070 }),
  publicUrl: Origin.optional(),
  tlsCert: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
  trustedProxy: z.array(Network).default([]),
  allowOrigin: z.array(Origin).default([]),
  metricsListen: HostPort.optional(),
  audit: z.enum(['durable', 'batched'], 'use durable or batched.').default('durable'),
  messageLimitBytes: Bytes.default(defaultMessageLimitBytes),
  signIn: z.string().min(1, 'name a file.').optional(),
  egress: z.string().min(1, 'name a file.').optional(),
});
type ServeFlags = z.infer<typeof ServeFlags>;

/** What `settings` needs to know of the process; read by the root. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
}
export type Database =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: Secret<string> };
/** Where the data is: what every command needs. */
export interface DataSettings {
  readonly dataDir: string;
  readonly database: Database;
  /** Keys of the vault, 64 hex digits each, the newest first. Empty: they lie in the data directory. */
  readonly vaultKeys: readonly Secret<string>[];
}
export interface ServeSettings extends DataSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Absent: the address that is listened on. */
  readonly publicOrigin: string | undefined;
  readonly certificateFiles: { readonly cert: string; readonly key: string } | undefined;
  readonly proxies: BlockList | undefined;
  readonly allowedOrigins: readonly string[];
  readonly metricsListen: { readonly host: string; readonly port: number };
  readonly audit: 'durable' | 'batched';
  readonly messageLimitBytes: number;
  /** How people sign in, so that hosts need no token. Absent: they do. */
  readonly signInFile: string | undefined;
  /** Its ways out. Absent: the routes of the machine alone. */
  readonly egressFile: string | undefined;
}

/** Throws SETTING_INVALID. `flags` are as the command line gives them: camel-case names, text values. */
export function parseServeSettings(flags: unknown, around: Surroundings): ServeSettings {
  const parsed = parse(ServeFlags, flags);
  const { listen, trustedProxy } = parsed;
  const certificateFiles = certificateOf(parsed);
  const isOpen = !isLoopback(listen.host);
  if (isOpen && !certificateFiles && trustedProxy.length === 0)
    refuse(
      '--listen',
      'plain http is served on loopback only. Give --tls-cert and --tls-key, or name the proxy in front with --trusted-proxy.',
    );
  const hasName = !isOpen || (certificateFiles && !['0.0.0.0', '::'].includes(listen.host));
  if (parsed.publicUrl === undefined && !hasName)
    refuse('--public-url', 'it is needed with this --listen. Give the https origin that hosts and bridges use.');
  const metricsListen = parsed.metricsListen ?? { host: '127.0.0.1', port: portAfter(listen.port) };
  if (!isLoopback(metricsListen.host)) refuse('--metrics-listen', 'metrics are served on loopback only, such as 127.0.0.1:7071.');
  return {
    ...dataSettings(parsed.data, around),
    listen,
    publicOrigin: parsed.publicUrl,
    certificateFiles,
    proxies: trustedProxy.length > 0 ? listOf(trustedProxy) : undefined,
    allowedOrigins: parsed.allowOrigin,
    metricsListen,
    audit: parsed.audit,
    messageLimitBytes: parsed.messageLimitBytes,
    signInFile: parsed.signIn,
    egressFile: parsed.egress,
  };
}

/** The same for commands that only touch the data. */
export function parseDataSettings(flags: unknown, around: Surroundings): DataSettings {
  return dataSettings(parse(z.object(Where), flags).data, around);
}

/** Where a gateway server answers, as somebody names it at a command line. Throws SETTING_INVALID. */
export function parseOrigin(setting: string, text: string): string {
  const parsed = Origin.safeParse(text);
  return parsed.success ? parsed.data : refuse(setting, parsed.error.issues[0]?.message ?? 'it is not understood.');
}

/** The database for the store, which alone needs its password. */
export function locationOf({ database }: DataSettings): StoreLocation {
  return database.kind === 'sqlite' ? database : { kind: 'postgres', url: reveal(database.url) };
}

function dataSettings(data: string | undefined, around: Surroundings): DataSettings {
  const dataDir = resolve(data ?? defaultDataDir(around));
  const vaultKeys = vaultKeysOf(around);
  const url = around.env['DRAWBRIDGE_DATABASE_URL'];
  if (!url) return { dataDir, vaultKeys, database: { kind: 'sqlite', file: resolve(dataDir, 'gateway.sqlite') } };
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'postgres:' && protocol !== 'postgresql:')
    refuse('DRAWBRIDGE_DATABASE_URL', 'write postgres://USER:PASSWORD@HOST/DATABASE, or leave it empty for SQLite.');
  return { dataDir, vaultKeys, database: { kind: 'postgres', url: new Secret(url) } };
}

/** DRAWBRIDGE_VAULT_KEY wraps; those of DRAWBRIDGE_VAULT_KEY_OLD still open. */
function vaultKeysOf({ env }: Surroundings): readonly Secret<string>[] {
  const read = (name: string) => {
    const keys = (env[name] ?? '').split(',').filter((key) => key !== '');
    if (keys.every((key) => /^[0-9a-fA-F]{64}$/.test(key))) return keys.map((key) => new Secret(key));
    return refuse(name, 'write keys of 64 hex digits each, such as `openssl rand -hex 32` prints.');
  };
  const [newest, ...others] = read('DRAWBRIDGE_VAULT_KEY');
  const old = read('DRAWBRIDGE_VAULT_KEY_OLD');
  if (others.length > 0) refuse('DRAWBRIDGE_VAULT_KEY', 'write one key. Older ones belong into DRAWBRIDGE_VAULT_KEY_OLD.');
  if (newest === undefined && old.length > 0)
    refuse('DRAWBRIDGE_VAULT_KEY_OLD', 'it is of no use without DRAWBRIDGE_VAULT_KEY, the key that wraps.');
  return newest === undefined ? [] : [newest, ...old];
}

/** systemd's StateDirectory, else the platform's place for a program's data. */
function defaultDataDir({ env, platform, isRoot }: Surroundings): string {
  const home = env['HOME'] || homedir();
  if (env['STATE_DIRECTORY']) return env['STATE_DIRECTORY'].split(':')[0] ?? '';
  if (platform === 'darwin') return resolve(home, 'Library/Application Support/Drawbridge Gateway');
  return isRoot
    ? '/var/lib/drawbridge-gateway'
    : resolve(env['XDG_DATA_HOME'] || resolve(home, '.local/share'), 'drawbridge-gateway');
}

function certificateOf({ tlsCert, tlsKey }: ServeFlags): ServeSettings['certificateFiles'] {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  if (tlsCert !== undefined) refuse('--tls-key', 'it is needed with --tls-cert: name the PEM file of the private key.');
  if (tlsKey !== undefined) refuse('--tls-cert', 'it is needed with --tls-key: name the PEM file of the certificate chain.');
  return undefined;
}

function portAfter(port: number): number {
  return port === 0 || port === 65_535 ? 0 : port + 1;
}

function listOf(networks: ServeFlags['trustedProxy']): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

function parse<T extends z.ZodType>(schema: T, flags: unknown): z.infer<T> {
  const parsed = schema.safeParse(flags);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? (issue?.code === 'unrecognized_keys' ? issue.keys[0] : ''));
  return refuse(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, issue?.message ?? 'it is not understood.');
}

function refuse(setting: string, reason: string): never {
  throw new Fault('SETTING_INVALID', { setting, reason });
}
