// The real Codex, driven: see test/suite/real-host.ts. As the quickest of them it also proves what is promised of all, by the claims of the table.
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { driveRealHost } from '../suite/real-host.ts';
import { codex } from './codex.ts';
import { judge } from './verdict.ts';

const tried = driveRealHost(codex);

test('the table says that it lists and calls through the gateway', (context) => {
  proves('real-host.calls', {
    file: 'bridge/host/shape.ts',
    find: "args: ['connect', '--host', host,",
    replace: "args: ['connect', '--host', 'any',",
  });
  expect(judge(tried(context))).toMatchObject({ lists: true, callsDirect: true, callsConverged: true, restored: true });
});

test('the table says that it does not reach what is not approved', (context) => {
  proves('real-host.unapproved', {
    file: 'bridge/server/sanction.ts',
    find: "return said.some((verdict) => verdict.decision === 'approved')",
    replace: 'return said.every(() => true)',
  });
  expect(judge(tried(context))).toMatchObject({ unapprovedRefused: true });
});

test('the table says that what its user allowed survives', (context) => {
  proves('real-host.permission', {
    file: 'bridge/host/shape.ts',
    find: 'drop: launchFields(spec).filter((field) => there.includes(field)),',
    replace: 'drop: there.filter((field) => field !== command && field !== args),',
  });
  expect(judge(tried(context))).toMatchObject({ permissionSurvives: true });
});
