// Who lives on the machine that life-cycle.ts installs on: a gateway server, two people with AI hosts, and IT, whose profile and token wait for the package.
// Rule: everything is asked as a person or a host would, by what is installed; nothing here reads our modules' state.
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { makeSampleHome } from '../../../build/start/sample-home.ts';
import { deploy, until as untilWithin } from '../../walk/deployment.ts';
import { walkPolicy } from '../../walk/policy.ts';
import { hashes, run } from './machine.ts';

const configFiles = [
  '.config/Claude/claude_desktop_config.json',
  '.config/Code/User/mcp.json',
  '.codex/config.toml',
  '.claude.json',
  '.cursor/mcp.json',
  '.gemini/settings.json',
  '.config/opencode/opencode.jsonc',
  '.config/goose/config.yaml',
];
const server = '/usr/local/share/answering.mjs';
const serverText = `import { createInterface } from 'node:readline';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const serverInfo = { name: 'answering', version: '1' };
  const result =
    method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
    : method === 'tools/list' ? { tools: [{ name: 'answer', inputSchema: { type: 'object' } }] }
    : { content: [{ type: 'text', text: '42' }] };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
});
`;

/** A whole machine's worth of programs starts slowly where the machine is busy. */
export const until = async <T>(what: string, look: () => Promise<T | undefined | false>) => await untilWithin(what, look, 60_000);

export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  /** Variables of the person's desktop session, where there is one. */
  readonly session: readonly string[];
}

const Status = z.looseObject({
  pid: z.number(),
  productVersion: z.string(),
  tunnel: z.looseObject({ kind: z.string() }),
  device: z.looseObject({ workstation: z.string() }).optional(),
});
type Status = z.infer<typeof Status>;

export interface Country {
  /** Puts IT's profile and a token for ada there, as before an installation. */
  provision(): Promise<void>;
  /** From now on the gateway server answers nobody. */
  closeGateway(): Promise<void>;
  /** IT left a token for her. She is not logged in to a desktop: her agent has no keyring. */
  readonly ada: Person;
  /** Logged in, with an open keyring. */
  readonly grace: Person;
  /** Hash, mode and owner of each config of both. */
  configs(): Promise<Readonly<Record<string, string>>>;
  /** The launcher that the person's hosts start, as it stands on disk. */
  launcher(person: Person): Promise<string>;
  /** Enrolls her by a token on stdin. */
  enroll(person: Person): Promise<void>;
  /** Starts the installed agent as a login does, and waits for its tunnel. */
  startAgent(person: Person): Promise<Status>;
  /** Waits for a tunnel of an agent of that person that is not the process `besidePid`. */
  connected(person: Person, besidePid?: number): Promise<Status>;
  /** Starts what the person's hosts start, and calls the tool through the gateway. The answer's text. */
  call(person: Person): Promise<string | undefined>;
  /** A host that starts what it has in its config again whenever that ends, as AI hosts do. Answers what ends the host. */
  startHost(person: Person): () => void;
  /** How many secrets lie in the person's keyring. */
  secrets(person: Person): Promise<number>;
}

/** `app`: where the package will lie. */
export async function settle(app: string): Promise<Country> {
  const ada = await makePerson('db-ada');
  const grace = await logIn(await makePerson('db-grace'));
  const deployment = await deploy({ policy: walkPolicy({ answering: { tools: 'all' } }) });
  const tokenFor = async (user: string) => {
    const printed = await deployment.admin('token', 'enroll', '--user', user, '--json');
    return z.looseObject({ token: z.string() }).parse(JSON.parse(printed)).token;
  };
  await writeFile(server, serverText);
  await chmod(server, 0o644);
  const provision = async () => {
    await mkdir('/etc/drawbridge');
    const profile = {
      GatewayURL: deployment.origin,
      GatewaySlug: 'eng',
      EnrollmentTokenFile: '/etc/drawbridge/token',
      EnforcementMode: 'enforce',
      LocalServerInstall: 'never',
      LocalServers: { answering: { command: `${app}/resources/bridge/bin/node`, args: [server] } },
    };
    await writeFile('/etc/drawbridge/profile.json', JSON.stringify(profile), { mode: 0o644 });
    await writeFile('/etc/drawbridge/token', await tokenFor('ada'), { mode: 0o600 });
    await chown('/etc/drawbridge/token', ada.uid, ada.uid);
  };
  await provision();

  const statusOf = async (person: Person) => {
    const { code, said } = await run('setpriv', ...as(person, '/usr/bin/drawbridge', 'status', '--json'));
    return code === 0 ? Status.parse(JSON.parse(said)) : undefined;
  };
  const connected = async (person: Person, besidePid = 0) =>
    await until(`${person.name} to be connected`, async () => {
      const status = await statusOf(person);
      return status?.tunnel.kind === 'connected' && status.pid !== besidePid && status;
    });
  const launcherPath = ({ home }: Person) => join(home, '.local/state/drawbridge/bin/drawbridge');
  const callOnce = async (person: Person) => {
    const args = as(person, launcherPath(person), 'connect', '--host', 'codex', `${deployment.origin}/g/eng/s/answering/mcp`);
    const client = new Client({ name: 'host', version: '1' });
    await client.connect(new StdioClientTransport({ command: 'setpriv', args, cwd: '/', stderr: 'ignore' }));
    const answer = await client.callTool({ name: 'answer', arguments: {} });
    await client.close();
    return z.looseObject({ content: z.array(z.looseObject({ text: z.string() })) }).parse(answer).content[0]?.text;
  };
  return {
    ada,
    grace,
    provision,
    closeGateway: async () => void (await deployment.gateway().stop()),
    async configs() {
      const all: Record<string, string> = {};
      for (const { home } of [ada, grace])
        for (const [file, hash] of Object.entries(await hashes(home, configFiles))) all[join(home, file)] = hash;
      return all;
    },
    launcher: async (person) => await readFile(launcherPath(person), 'utf8'),
    async enroll(person) {
      const token = await tokenFor(person.name.replace('db-', ''));
      const child = spawn('setpriv', as(person, '/usr/bin/drawbridge', 'enroll'), {
        cwd: '/',
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      child.stdin.end(`${token}\n`);
      await new Promise((resolve) => child.once('close', resolve));
    },
    async startAgent(person) {
      spawn('setpriv', as(person, '/usr/bin/drawbridge', 'agent'), { cwd: '/', stdio: 'ignore' }).unref();
      return await connected(person);
    },
    connected,
    startHost(person) {
      const again = 'while :; do "$@"; sleep 0.1; done';
      const started = [launcherPath(person), 'connect', '--host', 'codex', `${deployment.origin}/g/eng/s/answering/mcp`];
      const host = spawn('setpriv', as(person, 'sh', '-c', again, 'host', ...started), {
        cwd: '/',
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      return () => void host.kill('SIGKILL');
    },
    async secrets(person) {
      const get = ['/org/freedesktop/secrets/aliases/default', 'org.freedesktop.DBus.Properties.Get'];
      const of = ['string:org.freedesktop.Secret.Collection', 'string:Items'];
      const asked = ['dbus-send', '--session', '--print-reply', '--dest=org.freedesktop.secrets', ...get, ...of];
      const { code, said } = await run('setpriv', ...as(person, ...asked));
      if (code !== 0) throw new Error(said);
      return said.split('object path').length - 1;
    },
    call: async (person) => await until('a call to be answered', async () => await callOnce(person).catch(() => undefined)),
  };
}

async function makePerson(name: string): Promise<Person> {
  await promisify(execFile)('/usr/sbin/useradd', ['--create-home', '--shell', '/bin/bash', name]);
  const uid = Number((await run('id', '-u', name)).said);
  const home = `/home/${name}`;
  await makeSampleHome(home);
  await promisify(execFile)('chown', ['-R', `${name}:${name}`, home]);
  return { name, uid, home, session: [] };
}

/** A session bus where logind would have put it, and an open keyring on it. */
async function logIn(person: Person): Promise<Person> {
  const runtime = `/run/user/${person.uid}`;
  await mkdir(runtime, { recursive: true });
  await chown(runtime, person.uid, person.uid);
  await chmod(runtime, 0o700);
  const bus = `unix:path=${runtime}/bus`;
  const there: Person = { ...person, session: [`XDG_RUNTIME_DIR=${runtime}`, `DBUS_SESSION_BUS_ADDRESS=${bus}`] };
  const start = (...command: string[]) =>
    spawn('setpriv', as(there, ...command), { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
  start('dbus-daemon', '--session', '--nofork', `--address=${bus}`);
  await until('a session bus', async () => (await run('test', '-S', `${runtime}/bus`)).code === 0);
  start('gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets').stdin.end('password\n');
  const owner = ['--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.GetNameOwner', 'string:org.freedesktop.secrets'];
  await until(
    'a keyring',
    async () => (await run('setpriv', ...as(there, 'dbus-send', '--session', '--print-reply', ...owner))).code === 0,
  );
  return there;
}

/** Arguments of setpriv that make the person run a command, with nothing of root's environment. */
function as({ name, session }: Person, ...command: string[]): string[] {
  return ['--reuid', name, '--regid', name, '--init-groups', '--reset-env', 'env', ...session, ...command];
}
