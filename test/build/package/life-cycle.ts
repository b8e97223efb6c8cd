// The life of a Linux package on a machine of its own: silent install, first start, upgrade, a removal that is refused, removal, return, purge; and a
// second life of the deb.
// Run by life-cycle.slow.test.ts in namespaces of its own as `life-cycle.ts <package> <newer package>` (two .deb or two .rpm). Prints its log, and as its
// last line what it found, as JSON. Rule: it judges nothing; where something does not come, it stops and says so, and what was found until then counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Country, settle, until } from './country.ts';
import { changedFiles, layMachine, processesOf, run } from './machine.ts';

const app = '/opt/Drawbridge';
const autostart = '/etc/xdg/autostart/drawbridge.desktop';
const [, , firstFile = '', newerFile = ''] = process.argv;

const found: Record<string, unknown> = {};
const say = (line: string) => process.stdout.write(`${line}\n`);
const note = (key: string, value: unknown) => {
  found[key] = value;
  say(`  ${key}: ${JSON.stringify(value)}`);
};

/** The machine's packager: each verb answers the exit code. */
const packager = firstFile.endsWith('.rpm')
  ? {
      // Debian's rpm knows nothing of what dpkg installed
      install: (file: string) => pack('rpm', '--install', '--nodeps', file),
      upgrade: (file: string) => pack('rpm', '--upgrade', '--nodeps', file),
      remove: () => pack('rpm', '--erase', 'drawbridge'),
      purge: undefined,
      isInstalled: async () => (await run('rpm', '-q', 'drawbridge')).code === 0,
    }
  : {
      install: (file: string) => pack('dpkg', '--install', file),
      upgrade: (file: string) => pack('dpkg', '--install', file),
      remove: () => pack('dpkg', '--remove', 'drawbridge'),
      purge: () => pack('dpkg', '--purge', 'drawbridge'),
      isInstalled: async () => (await run('dpkg-query', '-W', '-f', '${db:Status-Status}', 'drawbridge')).said === 'installed',
    };

async function pack(program: string, ...args: string[]): Promise<number> {
  say(`# ${program} ${args.map((arg) => arg.replace(/^.*\//, '')).join(' ')}`);
  const done = await run(program, ...args);
  for (const line of done.said.split('\n').filter((each) => each !== '' && !each.startsWith('{'))) say(`  | ${line}`);
  return done.code;
}

async function live(country: Country): Promise<void> {
  const { ada, grace } = country;
  const before = await country.configs();
  const changedBefore = new Set(await changedFiles());
  const isAsBefore = async () => JSON.stringify(await country.configs()) === JSON.stringify(before);

  say('== install, with a profile and a token in place');
  note('install', await packager.install(firstFile));
  note(
    'unit',
    (await run('env', 'XDG_RUNTIME_DIR=/run', 'systemd-analyze', '--user', 'verify', '/usr/lib/systemd/user/drawbridge.service'))
      .said,
  );
  note('entries', (await run('desktop-file-validate', '/usr/share/applications/drawbridge.desktop', autostart)).said);
  note(
    'handler',
    (await run('grep', '-h', 'x-scheme-handler/drawbridge', '/usr/share/applications/drawbridge.desktop')).said.trim(),
  );
  note('registered', (await run('grep', 'x-scheme-handler/drawbridge', '/usr/share/applications/mimeinfo.cache')).said.trim());
  note('postureOwner', (await stat(`/var/lib/drawbridge/posture/${ada.uid}`)).uid === ada.uid);
  note('sandbox', ((await stat(`${app}/chrome-sandbox`)).mode & 0o7777).toString(8));
  note('startedByInstall', (await processesOf(app)).length);

  say('== first start of the agents');
  const first = await country.startAgent(ada);
  note('enrolledByToken', first.device !== undefined);
  note('tokenFile', await readFile('/etc/drawbridge/token', 'utf8'));
  await country.enroll(grace);
  const graces = await country.startAgent(grace);
  note('secretsInKeyring', await country.secrets(grace));
  const converged = await until('the configs to be converged', async () => {
    const now = await country.configs();
    return Object.entries(before).every(([file, hash]) => now[file] !== hash) && now;
  });
  note('converged', true);
  note('call', await country.call(ada));
  const posture: unknown = JSON.parse(
    await readFile(`/var/lib/drawbridge/posture/${ada.uid}/status.json`, 'utf8').catch(() => '{}'),
  );
  note('posture', posture instanceof Object && 'status' in posture ? posture.status : 'none');
  const launcher = await country.launcher(ada);

  say('== upgrade');
  note('upgrade', await packager.upgrade(newerFile));
  const after = await country.connected(ada, first.pid);
  note('versions', [first.productVersion, after.productVersion]);
  note('sameWorkstation', after.device?.workstation === first.device?.workstation);
  note('sameConfigs', JSON.stringify(await country.configs()) === JSON.stringify(converged));
  note('sameWorkstationOfGrace', (await country.connected(grace)).device?.workstation === graces.device?.workstation);
  note('sameLauncher', (await country.launcher(ada)) === launcher);
  note('callAfterUpgrade', await country.call(ada));

  say('== a removal that would leave a host with a program that is gone');
  await rename(join(ada.home, '.codex'), '/home/elsewhere');
  await symlink('/home/elsewhere', join(ada.home, '.codex'));
  note('refusedRemoval', await (packager.purge ?? packager.remove)());
  note('stillInstalled', await packager.isInstalled());
  note('runsAgain', (await country.connected(ada)).productVersion);
  note('graceIsStillEnrolled', (await country.connected(grace)).device?.workstation === graces.device?.workstation);
  await rm(join(ada.home, '.codex'));
  await rename('/home/elsewhere', join(ada.home, '.codex'));

  say('== remove');
  note('remove', await packager.remove());
  note('restoredByRemove', await isAsBefore());
  note('runningAfterRemove', await processesOf(app));
  note('enrollmentKept', (await stat(join(ada.home, '.local/state/drawbridge/device.json'))).isFile());
  note('programGone', (await run('ls', app, '/usr/bin/drawbridge')).code !== 0);

  say('== return');
  note('reinstall', await packager.install(newerFile));
  note('sameWorkstationAgain', (await country.startAgent(ada)).device?.workstation === first.device?.workstation);
  await country.startAgent(grace);
  await until(
    'the configs to be converged again',
    async () => JSON.stringify(await country.configs()) === JSON.stringify(converged),
  );
  if (!packager.purge) return void note('removeAgain', await packager.remove());

  say('== purge');
  await mkdir('/etc/systemd/user/default.target.wants', { recursive: true });
  await symlink('/usr/lib/systemd/user/drawbridge.service', '/etc/systemd/user/default.target.wants/drawbridge.service');
  note('purge', await packager.purge());
  note('restored', await isAsBefore());
  for (const [file, hash] of Object.entries(await country.configs())) say(`  ${hash.slice(0, 64)} ${file}`);
  note('secretsLeft', await country.secrets(grace));
  note('running', await processesOf(app));
  const left = (await changedFiles()).filter((path) => !changedBefore.has(path));
  note('left', left);
  note('autostart', await readFile(autostart, 'utf8').catch(() => 'none'));
}

/** dpkg killed while it unpacks the newer version. It may be done before the kill: then back, and again. */
async function cutOff(country: Country): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { pid } = await country.connected(country.ada);
    const unpacking = new AbortController();
    const watcher = watch(app, (_, name) => name?.endsWith('.dpkg-new') === true && unpacking.abort());
    const dpkg = spawn('dpkg', ['--install', newerFile], { stdio: 'ignore' });
    const ended = once(dpkg, 'exit');
    unpacking.signal.addEventListener('abort', () => dpkg.kill('SIGKILL'));
    await ended;
    watcher.close();
    const status = (await run('dpkg-query', '-W', '-f', '${db:Status-Abbrev}', 'drawbridge')).said.trim();
    if (status.startsWith('iH') || attempt === 5) {
      note('cutOff', status);
      return void note('runsOn', (await country.connected(country.ada)).pid === pid);
    }
    await packager.upgrade(firstFile);
  }
}

/** dpkg and its script killed once they ended what runs, and what follows: it is configured again. */
async function cutOffLate(country: Country): Promise<void> {
  const { pid } = await country.connected(country.ada);
  // it is asked to end and does not, so that the script waits
  process.kill(pid, 'SIGSTOP');
  const dpkg = spawn('dpkg', ['--install', newerFile], { stdio: 'ignore', detached: true });
  const ended = once(dpkg, 'exit');
  await until('the starts to be noted', async () => (await readdir('/run/drawbridge-notes').catch(() => [])).length === 2);
  await until('all other agents to have ended', async () => {
    const agents = (await processesOf(app)).filter(({ line }) => line.endsWith(' agent'));
    return agents.every((agent) => agent.pid === pid);
  });
  process.kill(-(dpkg.pid ?? 0), 'SIGKILL');
  await ended;
  process.kill(pid, 'SIGKILL');
  note('configured', await pack('dpkg', '--configure', '--pending'));
  note('startedAfterCutOff', (await country.connected(country.ada)).productVersion);
  note('startedOfGrace', (await country.connected(country.grace)).productVersion);
}

/** What goes less well: an upgrade that is cut off, a way back to the older version, and an end in two steps, which no gateway server hears of. */
async function liveAgain(country: Country): Promise<void> {
  const { ada, grace } = country;
  const before = await country.configs();
  const changedBefore = new Set(await changedFiles());

  say('== a second life: install, and an upgrade that is cut off');
  await country.provision();
  note('installAgain', await packager.install(firstFile));
  const first = await country.startAgent(ada);
  await country.enroll(grace);
  await country.startAgent(grace);
  await until('all configs to be converged', async () => {
    const now = await country.configs();
    return Object.entries(before).every(([file, hash]) => now[file] !== hash);
  });
  await cutOff(country);
  note('upgradeAgain', await packager.upgrade(newerFile));
  const upgraded = await country.connected(ada, first.pid);
  note('upgradedTo', upgraded.productVersion);

  say('== back to the older version');
  note('downgrade', await packager.upgrade(firstFile));
  const back = await country.connected(ada, upgraded.pid);
  note('backTo', back.productVersion);
  note('sameWorkstationBack', back.device?.workstation === first.device?.workstation);
  note('callAfterDowngrade', await country.call(ada));

  say('== an upgrade that is cut off late, and back');
  await cutOffLate(country);
  note('downgradeAgain', await packager.upgrade(firstFile));
  await country.connected(ada);
  await country.connected(grace);

  say('== remove, then purge, while no gateway server answers');
  note('secretsBeforeRemove', await country.secrets(grace));
  await country.closeGateway();
  const endHost = country.startHost(ada);
  await until('the host to have started its shim', async () =>
    (await processesOf(app)).some(({ line }) => line.includes(' connect ')),
  );
  const deleted = join(ada.home, '.cursor/mcp.json');
  await rm(deleted);
  note('removeAlone', await packager.remove());
  note('restoredAlone', JSON.stringify(await country.configs()) === JSON.stringify({ ...before, [deleted]: 'none' }));
  note('secretsKept', await country.secrets(grace));
  note('shimsOutliveRemove', await processesOf(app));
  note('purgeAfterRemove', await packager.purge?.());
  note('secretsLeftInTwoSteps', await country.secrets(grace));
  endHost();
  note('runningAtLast', await processesOf(app));
  note(
    'leftAtLast',
    (await changedFiles()).filter((path) => !changedBefore.has(path)),
  );
}

await layMachine().catch((error: Error) => {
  say(`no machine: ${error.message.split('\n')[0]}`);
  process.exit(77);
});
try {
  const country = await settle(app);
  await live(country);
  if (packager.purge) await liveAgain(country);
} catch (error) {
  note('stopped', error instanceof Error ? error.message : String(error));
}
say(JSON.stringify(found));
// what still runs ends with the machine
process.exit(0);
