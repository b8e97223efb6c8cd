// kill -9 of the agent, and of whoever started it: no local server survives either, not even one that ignores every polite end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { AgentStarted } from '#contract/agent.ts';
import { proves } from '../requirement.ts';
import { deploy, until } from '../walk/deployment.ts';
import type { Deployment } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { root } from '../walk/program.ts';
import { pidsIn, runs } from './server/fixture.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: { stubborn: { kind: 'workstation' } },
      gateways: { eng: { assignments: { stubborn: { tools: 'all' } } } },
    },
  });
});
afterAll(async () => deployment.close());

test('kill -9 of the agent and of its starter leave no local server and no grandchild behind', async () => {
  proves('agent.killed-no-child', {
    file: 'bridge/server/guard.ts',
    find: 'read -r _ <&3; kill -KILL 0; }',
    replace: 'read -r _ <&3; }',
  });
  const pidFile = join(deployment.dir, 'pids');
  const stubborn = { command: process.execPath, args: [join(root, 'test/fake/local-server/stubborn.ts'), pidFile] };
  const { stateDir, home, profileFile, agent } = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { stubborn } },
  });
  await agent.stop();
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const victim of ['agent', 'starter'] as const) {
    const program = join(root, 'test/fake/starter.ts');
    const starter = spawn(process.execPath, [program, '--state', stateDir, '--home', home, '--profile', profileFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void starter.kill('SIGKILL'));
    const [said]: Buffer[] = await once(starter.stdout, 'data');
    const { pid } = AgentStarted.parse(JSON.parse(String(said)));
    // it never answers as a server should, so nobody waits for that: it is asked again until it runs
    const url = `${deployment.origin}/g/eng/mcp`;
    const count = victim === 'agent' ? 3 : 6;
    let isAsked = false;
    await until('the server to run', async () => {
      if (!isAsked) {
        isAsked = true;
        void modern(url, token, 'tools/call', { name: 'stubborn__x' }).then(
          () => (isAsked = false),
          () => (isAsked = false),
        );
      }
      return (await readFile(pidFile, 'utf8').catch(() => '')).split('\n').length > count;
    });
    const children = await pidsIn(pidFile, count);
    expect((await Promise.all(children.slice(-3).map(runs))).every(Boolean)).toBe(true);
    process.kill(victim === 'agent' ? pid : (starter.pid ?? 0), 'SIGKILL');
    await until('the end of all of them', async () => !(await Promise.all([pid, ...children].map(runs))).includes(true));
    starter.kill('SIGKILL');
  }
});
