// A home with config files in a folder of its own, and the requests that the tests make about it.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hosts } from '#contract/host-table.ts';
import { Slug } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import type { Sealer } from '#contract/secret.ts';
import { openSealer } from '../../../bridge/device/sealer.ts';
import type { SecretStore } from '../../../bridge/device/keychain.ts';
import type { ConvergeRequest } from '../../../bridge/host/converge.ts';

export const claude = '.config/Claude/claude_desktop_config.json';
export const vscode = '.config/Code/User/mcp.json';
export const codex = '.codex/config.toml';
export const plantedSecret = 'planted-7Hq2-Zx81-token';

export interface Place {
  readonly home: string;
  readonly stateDir: string;
  readonly request: ConvergeRequest;
  write(path: string, content: string | Buffer, mode?: number): Promise<void>;
  text(path: string): Promise<string>;
  sha256(path: string): Promise<string>;
  /** Everything in the state directory, as one text. */
  state(): Promise<string>;
  close(): Promise<void>;
}

export async function makePlace(sealingKey?: string): Promise<Place> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'drawbridge-host-')));
  const stateDir = join(home, '.local', 'state', 'drawbridge');
  const at = (path: string): string => join(home, path);
  return {
    home,
    stateDir,
    request: requestFor(home, await sealerWith(sealingKey)),
    async write(path, content, mode = 0o644) {
      await mkdir(dirname(at(path)), { recursive: true });
      await writeFile(at(path), content, { mode });
    },
    text: (path) => readFile(at(path), 'utf8'),
    sha256: async (path) =>
      createHash('sha256')
        .update(await readFile(at(path)))
        .digest('hex'),
    async state() {
      const names = await readdir(stateDir, { recursive: true }).catch(() => []);
      const files = await Promise.all(
        names.map(async (name) => ((await stat(join(stateDir, name))).isFile() ? readFile(join(stateDir, name), 'latin1') : '')),
      );
      return files.join('\n');
    },
    close: () => rm(home, { recursive: true, force: true, maxRetries: 10 }),
  };
}

export function requestFor(home: string, sealer: Sealer): ConvergeRequest {
  return {
    home,
    stateDir: join(home, '.local', 'state', 'drawbridge'),
    platform: 'linux',
    env: {},
    hosts,
    managedHosts: '*',
    launcher: '/opt/drawbridge/drawbridge',
    gatewayOrigin: 'https://mcp.example.org',
    gateway: Slug.parse('eng'),
    sealer,
    now: () => 1_700_000_000_000,
  };
}

/** The device's own sealer, over a secret store that holds this key alone. */
export async function sealerWith(key: string = randomBytes(32).toString('base64url')): Promise<Sealer> {
  const store: SecretStore = {
    kind: 'file',
    get: async () => new Secret(key),
    set: async () => {},
    remove: async () => {},
  };
  return await openSealer(store);
}

export const shimArgs = (host: string, server: string): readonly string[] => [
  'connect',
  '--host',
  host,
  `https://mcp.example.org/g/eng/s/${server}/mcp`,
];

/** One config per host, as people have them: comments, settings of the host's own, a program with secrets, a URL. */
export const configs: Readonly<Record<string, string>> = {
  [claude]: `{
  "globalShortcut": "Alt+Space",
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Documents"]
    },
    "tracker": {
      "command": "uvx",
      "args": ["tracker-mcp", "--api-key", "${plantedSecret}-arg"],
      "env": { "TRACKER_TOKEN": "${plantedSecret}" },
      "disabled": true
    },
    "calendar": { "url": "https://calendar.example.com/mcp", "headers": { "Authorization": "Bearer ${plantedSecret}" } }
  },
  "preferences": { "menuBarEnabled": true }
}
`,
  [vscode]: `{
\t// servers of this profile; the old token was ${plantedSecret}
\t"servers": {
\t\t/* files */
\t\t"filesystem": {
\t\t\t"type": "stdio",
\t\t\t"command": "npx", // installed by IT
\t\t\t"args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Documents"],
\t\t},
\t\t"My Tracker": {
\t\t\t"env": {
\t\t\t\t// from the portal
\t\t\t\t"TRACKER_TOKEN": "${plantedSecret}",
\t\t\t},
\t\t\t"command": "\${userHome}/bin/tracker",
\t\t},
\t\t"asks": { "command": "npx", "args": ["-y", "asks"], "env": { "KEY": "\${input:key}" } },
\t\t"web": { "type": "http", "url": "https://web.example.com/mcp?token=${plantedSecret}" },
\t},
\t"inputs": [{ "type": "promptString", "id": "key", "description": "Key", "password": true }],
}
`,
  [codex]: `# my settings
model = "gpt-5" # keep

[mcp_servers.filesystem]
command = "npx"
args = [
  "-y", # yes
  "@modelcontextprotocol/server-filesystem",
  "/home/ada/Documents",
]
startup_timeout_sec = 20

# the tracker
[mcp_servers."My Tracker"]
command = "uvx"
args = ["tracker-mcp"]
env_vars = ["LANG_OF_TRACKER"]
enabled = false
[mcp_servers."My Tracker".env]
TRACKER_TOKEN = "${plantedSecret}" # from the portal

[mcp_servers.web]
url = "https://web.example.com/mcp"
http_headers = { Authorization = "Bearer ${plantedSecret}" }

[tui]
notifications = true
`,
};
export const paths: readonly string[] = [claude, vscode, codex];

export const asWindows = (text: string): string => `\ufeff${text.replaceAll('\n', '\r\n')}`;

export async function writeAll(place: Place, change: (text: string) => string = (text) => text): Promise<void> {
  for (const path of paths) await place.write(path, change(configs[path] ?? ''));
}

/** Each finding as its code and the server it is about. */
export const codes = (
  of: readonly { readonly code: string; readonly server?: { name: string } | undefined }[],
): readonly string[] => of.map(({ code, server }) => `${code} ${server?.name ?? ''}`.trim());
/** The file of a host that is there. */
export const fileOf = <F extends { host: string; state: string }>(report: { readonly files: readonly F[] }, host: string): F => {
  const file = report.files.find((one) => one.host === host && one.state !== 'missing');
  if (file === undefined) throw new Error(`no file of ${host}`);
  return file;
};
