// The life of the Debian package on a machine of its own: silent install, first start, upgrade, a removal that is refused, removal, return, purge.
// Run by life-cycle.slow.test.ts in namespaces of its own as `life-cycle.ts <deb> <newer deb>`. Prints its log, and as its last line what it found, as JSON.
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { makeSampleHome } from '../../../build/start/sample-home.ts';
import { deploy, until } from '../../walk/deployment.ts';
import { walkPolicy } from '../../walk/policy.ts';
import { changedFiles, hashes, layMachine, processesOf, run } from './machine.ts';

const app = '/opt/Drawbridge';
const configs = ['.config/Claude/claude_desktop_config.json', '.config/Code/User/mcp.json', '.codex/config.toml'];
const [, , firstDeb = '', newerDeb = ''] = process.argv;

const found: Record<string, unknown> = {};
const say = (line: string) => process.stdout.write(`${line}\n`);
const note = (key: string, value: unknown) => {
  found[key] = value;
  say(`  ${key}: ${JSON.stringify(value)}`);
};
const dpkg = async (...args: string[]) => {
  say(`# dpkg ${args.map((arg) => arg.replace(/^.*\//, '')).join(' ')}`);
  const done = await run('dpkg', ...args);
  for (const line of done.said.split('\n').filter((each) => each !== '' && !each.startsWith('{'))) say(`  | ${line}`);
  return done.code;
};

await layMachine().catch((error: Error) => {
  say(`no machine: ${error.message.split('\n')[0]}`);
  process.exit(77);
});

// Two people with AI hosts; IT's profile waits for them, and ada's token.
interface Person {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}
async function makePerson(name: string): Promise<Person> {
  await promisify(execFile)('useradd', ['--create-home', '--shell', '/bin/bash', name]);
  const uid = Number((await run('id', '-u', name)).said);
  const home = `/home/${name}`;
  await makeSampleHome(home);
  await promisify(execFile)('chown', ['-R', `${name}:${name}`, home]);
  return { name, uid, home };
}
const as = ({ name }: Person, ...command: string[]) => [
  '--reuid',
  name,
  '--regid',
  name,
  '--init-groups',
  '--reset-env',
  ...command,
];
const [ada, grace] = [await makePerson('db-ada'), await makePerson('db-grace')];
const people = [ada, grace];
const filesOf = async (): Promise<Record<string, Readonly<Record<string, string>>>> => {
  const all: Record<string, Readonly<Record<string, string>>> = {};
  for (const { name, home } of people) all[name] = await hashes(home, configs);
  return all;
};

const deployment = await deploy({ policy: walkPolicy({ answering: { tools: 'all' } }) });
const tokenFor = async (user: string) => {
  const printed = await deployment.admin('token', 'enroll', '--user', user, '--json');
  return z.looseObject({ token: z.string() }).parse(JSON.parse(printed)).token;
};
const server = '/usr/local/share/answering.mjs';
await writeFile(
  server,
  `import { createInterface } from 'node:readline';
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (id === undefined) return;
    const result = method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'answering', version: '1' } }
      : method === 'tools/list' ? { tools: [{ name: 'answer', inputSchema: { type: 'object' } }] } : { content: [{ type: 'text', text: '42' }] };
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
  });`,
);
await chmod(server, 0o644);
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
const before = await filesOf();
const changedBefore = new Set(await changedFiles());

const Status = z.looseObject({
  pid: z.number(),
  productVersion: z.string(),
  tunnel: z.looseObject({ kind: z.string() }),
  device: z.looseObject({ workstation: z.string() }).optional(),
});
const statusOf = async (person: Person) => {
  const { code, said } = await run('setpriv', ...as(person, '/usr/bin/drawbridge', 'status', '--json'));
  return code === 0 ? Status.parse(JSON.parse(said)) : undefined;
};
const connected = async (person: Person, besidePid = 0) =>
  await until(`${person.name} to be connected`, async () => {
    const status = await statusOf(person);
    return status?.tunnel.kind === 'connected' && status.pid !== besidePid && status;
  });
const startAgent = async (person: Person) => {
  const child = spawn('setpriv', as(person, '/usr/bin/drawbridge', 'agent'), { cwd: '/', stdio: 'ignore' });
  child.unref();
  return await connected(person);
};
/** Starts exactly what a config of that person names, and calls the tool. */
const callOf = async (person: Person) => {
  const launcher = join(person.home, '.local/state/drawbridge/bin/drawbridge');
  const url = `${deployment.origin}/g/eng/s/answering/mcp`;
  const client = new Client({ name: 'host', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: 'setpriv',
      args: as(person, launcher, 'connect', '--host', 'codex', url),
      cwd: '/',
      stderr: 'ignore',
    }),
  );
  const answer = await client.callTool({ name: 'answer', arguments: {} });
  await client.close();
  return z.looseObject({ content: z.array(z.looseObject({ text: z.string() })) }).parse(answer).content[0]?.text;
};
const launcherOf = async (person: Person) => await readFile(join(person.home, '.local/state/drawbridge/bin/drawbridge'), 'utf8');

say('== install, with a profile and a token in place');
note('install', await dpkg('--install', firstDeb));
const verified = await run(
  'env',
  'XDG_RUNTIME_DIR=/run',
  'systemd-analyze',
  '--user',
  'verify',
  '/usr/lib/systemd/user/drawbridge.service',
);
note('unit', verified.said);
note(
  'entries',
  (await run('desktop-file-validate', '/usr/share/applications/drawbridge.desktop', '/etc/xdg/autostart/drawbridge.desktop'))
    .said,
);
note('handler', (await run('grep', 'x-scheme-handler/drawbridge', '/usr/share/applications/mimeinfo.cache')).said.trim());
note('postureOwner', (await stat(`/var/lib/drawbridge/posture/${ada.uid}`)).uid === ada.uid);
note('startedByInstall', (await processesOf(app)).length);

say('== first start of the agents');
const first = await startAgent(ada);
note('enrolledByToken', first.device !== undefined);
note('tokenFile', await readFile('/etc/drawbridge/token', 'utf8'));
await promisify(execFile)(
  'sh',
  ['-c', `echo "$TOKEN" | setpriv "$@" >/dev/null 2>&1`, 'sh', ...as(grace, '/usr/bin/drawbridge', 'enroll')],
  {
    env: { PATH: process.env['PATH'], TOKEN: await tokenFor('grace') },
  },
);
await startAgent(grace);
const converged = await until('the configs to be converged', async () => {
  const now = await filesOf();
  return people.every(({ name }) => configs.every((file) => now[name]?.[file] !== before[name]?.[file])) && now;
});
note('converged', true);
note('call', await until('a call to be answered', async () => await callOf(ada).catch(() => undefined)));
note(
  'posture',
  z
    .looseObject({ status: z.string() })
    .parse(JSON.parse(await readFile(`/var/lib/drawbridge/posture/${ada.uid}/status.json`, 'utf8'))).status,
);
const launcher = await launcherOf(ada);

say('== upgrade');
note('upgrade', await dpkg('--install', newerDeb));
const after = await connected(ada, first.pid);
note('restarted', after.pid !== first.pid);
note('versions', [first.productVersion, after.productVersion]);
note('sameWorkstation', after.device?.workstation === first.device?.workstation);
note('sameConfigs', JSON.stringify(await filesOf()) === JSON.stringify(converged));
note('sameLauncher', (await launcherOf(ada)) === launcher);
note('callAfterUpgrade', await until('a call after the upgrade', async () => await callOf(ada).catch(() => undefined)));

say('== a removal that would leave a host with a program that is gone');
await rename(join(ada.home, '.codex'), '/home/elsewhere');
await symlink('/home/elsewhere', join(ada.home, '.codex'));
note('refusedRemoval', await dpkg('--remove', 'drawbridge'));
note('stillInstalled', (await run('dpkg-query', '-W', '-f', '${db:Status-Status}', 'drawbridge')).said);
note('runsAgain', (await connected(ada)).productVersion);
await rm(join(ada.home, '.codex'));
await rename('/home/elsewhere', join(ada.home, '.codex'));

say('== remove');
note('remove', await dpkg('--remove', 'drawbridge'));
note('restoredByRemove', JSON.stringify(await filesOf()) === JSON.stringify(before));
note('runningAfterRemove', await processesOf(app));
note('enrollmentKept', (await stat(join(ada.home, '.local/state/drawbridge/device.json'))).isFile());

say('== return, and purge');
note('reinstall', await dpkg('--install', newerDeb));
note('sameWorkstationAgain', (await startAgent(ada)).device?.workstation === first.device?.workstation);
await startAgent(grace);
await until(
  'the configs to be converged again',
  async () => JSON.stringify((await filesOf())[ada.name]) !== JSON.stringify(before[ada.name]),
);
await mkdir('/etc/systemd/user/default.target.wants', { recursive: true });
await symlink('/usr/lib/systemd/user/drawbridge.service', '/etc/systemd/user/default.target.wants/drawbridge.service');
note('purge', await dpkg('--purge', 'drawbridge'));
note('restored', JSON.stringify(await filesOf()) === JSON.stringify(before));
for (const [name, files] of Object.entries(await filesOf()))
  for (const [file, hash] of Object.entries(files)) say(`  ${hash.slice(0, 16)}… ${name} ${file}`);
note('running', await processesOf(app));
note(
  'left',
  (await changedFiles()).filter((path) => !changedBefore.has(path)),
);
note('autostart', await readFile('/etc/xdg/autostart/drawbridge.desktop', 'utf8').catch(() => 'none'));

await deployment.close();
say(JSON.stringify(found));
process.exit(0);
