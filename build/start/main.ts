// `npm start`: the main job on an embedded default. Starts the gateway server, enrolls a bridge, lets it manage a sample home, makes the first call
// through the whole path, and stays up until Ctrl-C, which puts the sample home back byte for byte.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { AgentStarted } from '#contract/agent.ts';
import type { Plan } from '#contract/host-report.ts';
import { companionWords, openCompanion } from './companion.ts';
import { connectHost } from './first-call.ts';
import { makeDataDirectory } from './data-directory.ts';
import { endLeftovers, forgetPrograms, notePrograms } from './leftover.ts';
import { readOptions, StartError, type StartOptions, usage } from './options.ts';
import { root, type Running } from './program.ts';
import { isSampleHome, makeSampleHome } from './sample-home.ts';
import { describeSample, gatewaySlug, type Sample, servers } from './sample.ts';
import { createShow, type Show } from './show.ts';
import { describeCall, describeFinding, describePolicy, describePosture, tryItLines } from './words.ts';

const offeredWithinMs = 60_000;

/** Why it goes no further: somebody pressed Ctrl-C, or a program of ours ended. */
class Gone extends Error {}

async function start(options: StartOptions, show: Show, gone: AbortController): Promise<void> {
  const running: Pick<Running, 'stop'>[] = [];
  const sample = describeSample(options);
  let before: ReadonlyMap<string, string> | undefined;
  const { signal } = gone;
  const noted: { title: string; pid: number }[] = [];
  const opened = async (title: string, program: Running): Promise<Running> => {
    running.push(program);
    noted.push({ title, pid: program.pid });
    void program.ended.then((why) => gone.abort(new StartError(`${why}. Its log is in ${options.dataDir}.`)));
    await notePrograms(options.dataDir, noted);
    signal.throwIfAborted();
    return program;
  };
  try {
    await prepareHome(options, show);
    const leftovers = await endLeftovers(options.dataDir);
    if (leftovers.length > 0) {
      show.event('leftover', { ended: leftovers }, `  ended what an earlier start left running: ${leftovers.join(', ')}`);
      await sample.restore();
    }
    signal.throwIfAborted();
    show.step('The gateway server');
    const gateway = await opened('the gateway server', await sample.startGateway());
    show.event('gateway', { url: options.origin, pid: gateway.pid }, `  listening on ${options.origin} (process ${gateway.pid})`);
    const applied = (await sample.admin('apply', '-f', `${root}build/start/sample-policy.yaml`)).trimEnd().split('\n');
    show.event('policy', { plan: applied }, ...describePolicy(applied));

    show.step('What the AI hosts of this home are wired to');
    const { file, isNew } = await sample.pushProfile();
    const plan = await sample.plan();
    before = await digests(plan);
    for (const found of plan.files.filter(({ state }) => state !== 'missing')) {
      const moves = found.moves
        .map((move) => `${move.name} (${move.action === 'rehome' ? 'a local program' : move.action})`)
        .join(', ');
      show.event(
        'found',
        { host: found.host, path: found.path, state: found.state, moves: found.moves, findings: found.findings },
        `  ${found.title.padEnd(15)} ${found.shownAs}: ${moves || found.state}`,
        ...found.findings.map(describeFinding),
      );
    }

    show.step('The bridge');
    show.progress(isNew ? `enrolling this machine with the profile ${file}` : 'this machine is enrolled already');
    const bridge = await opened('the bridge', await sample.startBridge());
    await showMoved(plan, sample, show, signal);

    show.step('What may run: the administrator approves each command by its fingerprint');
    await approve(sample, show, signal);

    show.step('The first calls');
    const token = await sample.hostToken();
    await firstCalls(options, sample, show, token, signal);

    show.step('The posture, as an MDM reads it');
    const posture = await waitFor(
      'a posture file of this run',
      async () => {
        const written = await sample.posture();
        return written?.status.gateway.tunnel === 'up' ? written : undefined;
      },
      signal,
    );
    show.event('posture', { ...posture }, ...describePosture(posture.status, posture.file));

    const gatewayUrl = `${options.origin}/g/${gatewaySlug}/mcp`;
    const serverUrls = Object.fromEntries(servers.map((name) => [name, `${options.origin}/g/${gatewaySlug}/s/${name}/mcp`]));
    const companion = await openCompanion({
      env: process.env,
      platform: process.platform,
      uid: process.getuid?.() ?? -1,
      socket: AgentStarted.parse(JSON.parse(bridge.started)).socket,
      dataDir: options.dataDir,
      onProgress: (line) => show.progress(line),
    });
    if (companion.kind === 'open') {
      running.push(companion);
      noted.push({ title: 'the companion', pid: companion.pid });
      await notePrograms(options.dataDir, noted);
    }
    signal.throwIfAborted();
    show.step('Ready');
    show.event(
      'ready',
      {
        gatewayUrl,
        serverUrls,
        token,
        home: options.home,
        dataDir: options.dataDir,
        pids: { gateway: gateway.pid, bridge: bridge.pid, ...(companion.kind === 'open' ? { companion: companion.pid } : {}) },
        companion: companion.kind === 'open' ? 'open' : companion.reason,
      },
      ...tryItLines({ gatewayUrl, token, companion: companionWords(companion), home: options.home }),
    );
    signal.throwIfAborted();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    signal.throwIfAborted();
  } catch (error) {
    if (running.length > 0) show.step('Stopping');
    if (!(error instanceof Gone)) throw error;
  } finally {
    await stop(running, sample, before, show);
    if (running.length > 0) await forgetPrograms(options.dataDir);
  }
}

/** A home that isn't a sample is somebody's own: it is touched only after they typed so. */
async function prepareHome(options: StartOptions, show: Show): Promise<void> {
  await makeDataDirectory(options.dataDir);
  if (!(await isSampleHome(options.home)) && (await isOccupied(options.home))) {
    if (options.isJson || !process.stdin.isTTY)
      throw new StartError(
        `${options.home} is not a sample home, and there is no terminal to confirm at. Name a new directory with --home.`,
      );
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question(
      `${options.home} is not a sample home. The configs of the AI hosts in it will be rewritten until you stop this.\nType the word yes to go on: `,
    );
    terminal.close();
    if (answer.trim() !== 'yes') throw new StartError('Nothing was changed.');
    return;
  }
  await makeSampleHome(options.home);
  show.event('home', { home: options.home }, `Sample home: ${options.home}`);
}

async function isOccupied(dir: string): Promise<boolean> {
  return (await readdir(dir).catch(() => [])).length > 0;
}

/** Shows what was moved once it is true: a new look at the files finds nothing left to do. */
async function showMoved(plan: Plan, sample: Sample, show: Show, signal: AbortSignal): Promise<void> {
  const now = await waitFor(
    'the hosts to be converged',
    async () => {
      const left = await sample.plan();
      return left.files.every(({ moves }) => moves.length === 0) ? left : undefined;
    },
    signal,
  );
  for (const { host, title, path, diff, moves } of plan.files.filter((file) => file.diff !== '')) {
    const names = moves.map(({ name }) => name).join(', ');
    const lines = diff.trimEnd().split('\n');
    show.event(
      'moved',
      { host, path, moves, diff },
      `\n  ${title}: ${names} now run behind the bridge`,
      ...lines.map((line) => `    ${line}`),
    );
  }
  for (const left of now.files.filter(({ findings }) => findings.length > 0)) {
    show.event(
      'left',
      { host: left.host, path: left.path, findings: left.findings },
      `  ${left.title}: left as it is`,
      ...left.findings.map(describeFinding),
    );
  }
}

async function approve(sample: Sample, show: Show, signal: AbortSignal): Promise<void> {
  const offered = await waitFor(
    'the bridge to offer its servers',
    async () => {
      const all = await sample.offered();
      return servers.every((name) => all.some(({ server }) => server === name)) ? all : undefined;
    },
    signal,
  );
  for (const { server, fingerprint, verdict, command } of offered) {
    if (verdict === 'undecided') await sample.admin('server', 'approve', server, '--fingerprint', fingerprint);
    const words =
      `${command.identity}${command.version === undefined ? '' : `@${command.version}`} ${command.args.join(' ')}`.trimEnd();
    show.event('approved', { server, fingerprint, command }, `  ${server.padEnd(11)} ${words}`, `              ${fingerprint}`);
  }
}

async function firstCalls(options: StartOptions, sample: Sample, show: Show, token: string, signal: AbortSignal): Promise<void> {
  const url = `${options.origin}/g/${gatewaySlug}/mcp`;
  const host = await waitFor('the gateway to answer', async () => connectHost(url, token), signal);
  const tools = await host.list();
  show.event('tools', { tools }, `  ${tools.length} tools of ${servers.length} servers at ${url}`);
  for (const [tool, args] of [
    ['everything__echo', { message: 'Hello through the drawbridge' }],
    ['everything__get-env', {}],
  ] as const) {
    const { answer, tookMs } = await host.call(tool, args);
    const record = await sample.newestRecord();
    show.event('call', { tool, answer, tookMs, record }, ...describeCall(tool, answer, tookMs, record));
  }
  await host.close();
}

async function stop(
  running: readonly Pick<Running, 'stop'>[],
  sample: Sample,
  before: ReadonlyMap<string, string> | undefined,
  show: Show,
): Promise<void> {
  const [gateway, bridge, companion] = running;
  await companion?.stop();
  await bridge?.stop();
  if (bridge) {
    const report = await sample.restore();
    for (const file of report.files) {
      const isSame = before?.get(file.path) === file.sha256;
      show.event(
        'restored',
        { path: file.path, result: file.result, sha256: file.sha256 },
        `  ${file.shownAs}: ${file.result === 'exact' || (file.result === 'unchanged' && isSame) ? 'as it was, byte for byte' : file.result}`,
      );
    }
  }
  await gateway?.stop();
  if (gateway) show.event('stopped', {}, '  everything is stopped');
}

async function digests(plan: Plan): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { path } of plan.files) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes) found.set(path, createHash('sha256').update(bytes).digest('hex'));
  }
  return found;
}

/** Looks until there is something. Rejects with the reason that ended the start meanwhile. */
async function waitFor<T>(what: string, look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  const deadline = Date.now() + offeredWithinMs;
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    signal.throwIfAborted();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline)
      throw new StartError(`Waited ${offeredWithinMs / 1000} s for ${what}. The logs in the data directory say more.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const gone = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => gone.abort(new Gone('interrupted')));
try {
  const options = readOptions(process.argv.slice(2), root);
  if (options === 'help') process.stdout.write(`${usage}\n`);
  else await start(options, createShow(options.isJson, process.stdout), gone);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(
    `npm start: ${error instanceof StartError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}
