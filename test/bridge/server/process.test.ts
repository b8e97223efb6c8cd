// One local server as a real child process: what odd servers do to it, and what is left when it ends.
import { describe, expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import {
  endOf,
  fake,
  freshFolder,
  hear,
  launchFake,
  open,
  pidsIn,
  poolOf,
  resolveDeps,
  runs,
  send,
  sourceOf,
  until,
} from './fixture.ts';
import { resolveLaunch } from '../../../bridge/server/resolve.ts';

const call = (id: number, name: string, args: Readonly<Record<string, unknown>> = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

describe('a local server', () => {
  test('gets each message as one line, also in chunks and with line ends inside, and its answers come whole', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const events = hear();
    const server = await open(poolOf([launch], stateDir), launch, events);
    const text = `${'long '.repeat(60_000)}ü`;
    const message = Buffer.from(JSON.stringify(call(1, 'echo', { text }), null, 2));
    for (let at = 0; at < message.length; at += 10_001)
      await server.write(message.subarray(at, at + 10_001), at + 10_001 >= message.length);
    expect(JSON.parse(await events.next())).toMatchObject({ id: 1, result: { content: [{ text }] } });
  });

  test('pauses where its reader is slow, and loses nothing', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const events = hear();
    let busy = 0;
    let mostBusy = 0;
    const server = await open(poolOf([launch], stateDir), launch, {
      ...events,
      onMessage: async (line) => {
        mostBusy = Math.max(mostBusy, ++busy);
        await new Promise((resolve) => setImmediate(resolve));
        busy--;
        events.onMessage(line);
      },
    });
    const sent = Array.from({ length: 500 }, (_, id) => send(server, call(id, 'count', { size: 10_000 })));
    await Promise.all(sent);
    await until(() => events.messages.length === 500);
    expect(events.messages.map((line) => Number(/"id":(\d+)/.exec(line)?.[1]))).toEqual(
      Array.from({ length: 500 }, (_, id) => id),
    );
    expect(mostBusy).toBe(1);
  });

  test('that prints text to stdout keeps working, and the text is no message', async () => {
    proves('local-server.stray-text', {
      file: 'bridge/server/process.ts',
      find: 'if (text[0] !== brace && text[0] !== bracket) {',
      replace: 'if (text[0] === undefined) {',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('noisy', stateDir, [], { NOISY_TOKEN: 'a-secret-value' });
    const events = hear();
    const server = await open(poolOf([launch], stateDir), launch, events);
    await send(server, call(1, 'speak'));
    await send(server, call(2, 'speak'));
    await events.next();
    await events.next();
    expect(events.messages.map((line) => JSON.parse(line).id)).toEqual([1, 2]);
  });

  test('that exits at once is reported at once with its last words, and no secret is in them', async () => {
    proves('local-server.crash-at-start', {
      file: 'bridge/server/process.ts',
      find: 'const over = child.exit.then(finish);',
      replace: 'const over = child.exit;',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('crashing', stateDir, ['7'], { CRASHING_KEY: 'key-of-the-database' });
    const fault = await endOf(poolOf([launch], stateDir), launch);
    expect(fault?.code).toBe('SERVER_START_FAILED');
    expect(fault?.message).toContain('exit code 7');
    expect(fault?.message).toContain('fatal: login as [redacted] failed');
  });

  test("shows neither its entry's secrets nor bearer tokens in its last words", async () => {
    proves('local-server.redacted-output', {
      file: 'bridge/server/process.ts',
      find: 'const redact = createRedactor([...Object.values(line.env), ...secretsIn(line.args)]);',
      replace: 'const redact = (text: string): string => text;',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('crashing', stateDir, ['7'], { CRASHING_KEY: 'key-of-the-database' });
    const fault = await endOf(poolOf([launch], stateDir), launch);
    expect(fault?.message).toContain('failed');
    expect(fault?.message).not.toMatch(/key-of-the-database|abcdefghijklmnop/);
  });

  test('that never answers is ended after the start limit, and says so', async () => {
    proves('local-server.never-answers', {
      file: 'bridge/server/process.ts',
      find: 'answerTimer ??= setTimeout(onSilence, limits.startMs);',
      replace: 'answerTimer = undefined;',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('silent', stateDir);
    const events = hear();
    const server = await open(poolOf([launch], stateDir, { limits: { startMs: 300 } }), launch, events);
    await send(server, call(1, 'anything'));
    const fault = await events.ended;
    expect(fault?.code).toBe('SERVER_START_FAILED');
    expect(fault?.message).toMatch(/did not answer within 0\.3 s/);
  });

  test('that prints a line over the limit is told of at once and at its end, and keeps working', async () => {
    proves('local-server.oversize-line', {
      file: 'bridge/server/lines.ts',
      find: 'held.bytes() + size > limitBytes',
      replace: 'held.bytes() + size > limitBytes * 100',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('flooding', stateDir, [String(50 * 1024 * 1024)]);
    const events = hear();
    const server = await open(poolOf([launch], stateDir), launch, events);
    await send(server, { id: 1 });
    await send(server, { id: 2 });
    expect(await events.next()).toBe('{"id":2}');
    expect(events.oversize.map((fault) => [fault.code, fault.fields['limitBytes']])).toEqual([
      ['MESSAGE_TOO_LARGE', 1024 * 1024],
      ['MESSAGE_TOO_LARGE', 1024 * 1024],
    ]);
    const head = '{"jsonrpc":"2.0","id":1,"result":"'.padEnd(1024, 'x');
    expect(events.remnants).toEqual([{ head }, { head, tail: '"}'.padStart(1024, 'x') }]);
  });

  test('gets only the environment of the allow-list and of its entry', async () => {
    proves('local-server.environment', {
      file: 'bridge/server/environment.ts',
      find: 'if (value !== undefined && allowed.test(name)) base[name] = value;',
      replace: 'if (value !== undefined) base[name] = value;',
    });
    const stateDir = await freshFolder();
    const line = { command: process.execPath, args: [fake('counting')], env: { ENTRY_KEY: 'x' } };
    const environment = { LANG: 'C', GATEWAY_SECRET: 'ours', npm_config_registry: 'ours', NODE_OPTIONS: '--no-warnings' };
    const launch = await resolveLaunch(sourceOf('counting', line), resolveDeps(stateDir, { environment, caFile: '/etc/ca.pem' }));
    const events = hear();
    const server = await open(poolOf([launch], stateDir), launch, events);
    await send(server, call(1, 'environment'));
    const { result } = JSON.parse(await events.next());
    // PWD is the shell's own.
    const names = result.content[0].text.split(' ').filter((name: string) => name !== 'PWD' && name !== 'OLDPWD');
    expect(names).toEqual(['ENTRY_KEY', 'HOME', 'LANG', 'NODE_EXTRA_CA_CERTS', 'PATH']);
  });

  test('is gone with all its descendants within 2 s of close, though they ignore SIGTERM and the end of input', async () => {
    proves('local-server.tree-ends', {
      file: 'bridge/server/process.ts',
      find: 'const terminateGraceMs = 600;',
      replace: 'const terminateGraceMs = 6000;',
    });
    const stateDir = await freshFolder();
    const pidFile = `${stateDir}/pids`;
    const launch = await launchFake('stubborn', stateDir, [pidFile]);
    const events = hear();
    const server = await open(poolOf([launch], stateDir), launch, events);
    const pids = await pidsIn(pidFile, 3);
    const began = performance.now();
    await server.close();
    // As quick only where the machine is free.
    expect(performance.now() - began).toBeLessThan(5000);
    await until(async () => !(await Promise.all(pids.map(runs))).includes(true));
    expect(events.exits).toEqual([undefined]);
  });

  test('leaves no grandchild behind where it ends by itself', async () => {
    proves('local-server.no-grandchildren', {
      file: 'bridge/server/guard.ts',
      find: "if (platform !== 'win32') signal('SIGKILL');\n      isOver = true;\n      child.stdio[3]?.destroy();",
      replace: 'isOver = true;',
    });
    const stateDir = await freshFolder();
    const pidFile = `${stateDir}/pids`;
    const launch = await launchFake('stubborn', stateDir, [pidFile]);
    const events = hear();
    await open(poolOf([launch], stateDir), launch, events);
    const [leader = 0, ...others] = await pidsIn(pidFile, 3);
    process.kill(leader, 'SIGKILL');
    expect((await events.ended)?.message).toContain('signal 9');
    await until(async () => !(await Promise.all(others.map(runs))).includes(true));
  });

  test('that hears and says nothing for the idle time is ended', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const events = hear();
    const pool = poolOf([launch], stateDir, { limits: { idleMs: 400 } });
    const server = await open(pool, launch, events);
    await send(server, call(1, 'count'));
    await events.next();
    expect((await events.ended)?.message).toContain('idle for 0.4 s');
    expect(pool.health()).toMatchObject([{ ends: 0, pids: [] }]);
    await expect(send(server, call(2, 'count'))).rejects.toMatchObject({ code: 'SERVER_EXITED' });
  });

  test('whose pipe is full makes the writer wait, and a close ends the wait', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('stubborn', stateDir, [`${stateDir}/pids`, '0']);
    const events = hear();
    const server = await open(poolOf([launch], stateDir, { limits: { messageBytes: 64 * 1024 * 1024 } }), launch, events);
    const [pid = 0] = await pidsIn(`${stateDir}/pids`, 1);
    process.kill(pid, 'SIGSTOP');
    let waits = 0;
    const chunk = Buffer.alloc(256 * 1024, ' ');
    const writes = Array.from({ length: 20 }, () => server.write(chunk, false).catch(() => void waits++));
    await server.close();
    await Promise.all(writes);
    expect(waits).toBeGreaterThan(0);
  });
});
