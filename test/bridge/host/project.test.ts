// Files in projects' folders: where they are found, that they are only reported unless the profile says otherwise, and the way back.
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { discover } from '../../../bridge/host/plan.ts';
import type { Projects } from '../../../bridge/host/project.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { makePlace } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const report: Projects = { roots: ['~/work'], mode: 'report' };
const mcp = '{ "mcpServers": { "direct": { "command": "./run.sh" }, "web": { "url": "https://web.example.com/mcp" } } }\n';
const found = async (projects: Projects) => {
  const states = await discover({ ...place.request, ours: place.request, projects });
  return states.flatMap(({ files }) => files).filter(({ scope }) => scope === 'project');
};

describe('a file in a project folder', () => {
  test('is a finding and keeps its bytes, unless the profile says that it is converged', async () => {
    proves('host-config.project-file', {
      file: 'bridge/host/plan.ts',
      find: "if (request.projects?.mode === 'converge') all.push(",
      replace: 'if (request.projects) all.push(',
    });
    await place.write('work/app/.mcp.json', mcp);
    const done = await converge({ ...place.request, projects: report });
    expect(done.files.filter(({ scope }) => scope === 'project')).toEqual([]);
    expect(await place.text('work/app/.mcp.json')).toBe(mcp);
    const [file] = await found(report);
    expect(file).toMatchObject({ host: 'claude-code', shownAs: '~/work/app/.mcp.json', state: 'drifted' });
    expect(file?.servers).toMatchObject([
      { name: 'direct', scope: 'project' },
      { name: 'web', scope: 'project' },
    ]);
    expect(file?.findings.map(({ code, server }) => [code, server?.name])).toEqual([
      ['project_config', 'direct'],
      ['project_config', 'web'],
    ]);
  });

  test('is converged and given back where the profile says so; its server runs in the folder', async () => {
    await place.write('work/app/.mcp.json', mcp);
    await converge({ ...place.request, projects: { ...report, mode: 'converge' } });
    expect(await place.text('work/app/.mcp.json')).toBe(
      '{ "mcpServers": { "direct": { "command": "/opt/drawbridge/drawbridge", "args": ["connect", "--host", "claude-code", "https://mcp.example.org/g/eng/s/direct/mcp"] } } }\n',
    );
    expect((await localServers(place.request)).map(({ line }) => [line.command, line.cwd])).toEqual([
      ['./run.sh', join(place.home, 'work/app')],
    ]);
    expect((await restore(place.request)).files).toMatchObject([{ scope: 'project', result: 'exact' }]);
    expect(await place.text('work/app/.mcp.json')).toBe(mcp);
  });

  test('is found for every host, below the named folders and where Claude Code knows a project', async () => {
    for (const path of [
      '.vscode/mcp.json',
      '.cursor/mcp.json',
      '.gemini/settings.json',
      'opencode.json',
      '.opencode/opencode.jsonc',
    ])
      await place.write(`work/a/b/${path}`, '{}');
    await place.write('work/.codex/config.toml', '');
    await place.write('elsewhere/.mcp.json', '{}');
    await place.write('unknown/.mcp.json', '{}');
    await place.write('work/node_modules/x/.mcp.json', '{}');
    await place.write('work/1/2/3/4/5/6/.mcp.json', '{}');
    await mkdir(join(place.home, 'work/links'));
    await symlink(join(place.home, 'unknown'), join(place.home, 'work/links/unknown'));
    await place.write('.claude.json', JSON.stringify({ projects: { [join(place.home, 'elsewhere')]: {}, relative: {} } }));
    expect((await found(report)).map(({ host, shownAs }) => `${host} ${shownAs}`).toSorted()).toEqual([
      'claude-code ~/elsewhere/.mcp.json',
      'codex ~/work/.codex/config.toml',
      'cursor ~/work/a/b/.cursor/mcp.json',
      'gemini-cli ~/work/a/b/.gemini/settings.json',
      'opencode ~/work/a/b/.opencode/opencode.jsonc',
      'opencode ~/work/a/b/opencode.json',
      'vscode ~/work/a/b/.vscode/mcp.json',
    ]);
  });

  test("that is the user's own file is the user's: the home is a project as well", async () => {
    await place.write('.cursor/mcp.json', mcp);
    await place.write('.claude.json', JSON.stringify({ projects: { [place.home]: {} } }));
    expect(await found(report)).toEqual([]);
  });

  test('that leads out of its folder by a symlink is not read', async () => {
    await place.write('secret.json', mcp);
    await mkdir(join(place.home, 'work/app'), { recursive: true });
    await symlink(join(place.home, 'secret.json'), join(place.home, 'work/app/.mcp.json'));
    expect((await found(report))[0]).toMatchObject({ state: 'unsupported', findings: [{ code: 'config_unsupported' }] });
  });
});

test('an entry of the user for one project says so, and runs there where its line names something there', async () => {
  const text = JSON.stringify({
    projects: { '/srv/app': { mcpServers: { a: { command: 'node', args: ['./a.js'] }, b: { command: 'npx', args: ['b'] } } } },
  });
  await place.write('.claude.json', text);
  const [state] = (await discover(place.request)).filter(({ id }) => id === 'claude-code');
  expect(state?.files[0]?.servers).toMatchObject([
    { name: 'a', scope: 'local', project: '/srv/app' },
    { name: 'b', scope: 'local', project: '/srv/app' },
  ]);
  await converge(place.request);
  expect((await localServers(place.request)).map(({ server, line }) => [server, line.cwd])).toEqual([
    ['a', '/srv/app'],
    ['b', undefined],
  ]);
});
