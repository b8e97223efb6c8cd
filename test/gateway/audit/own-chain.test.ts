// By which name a gateway server writes its chain where several share a database.
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start } from '../../../gateway/audit/chain.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { type AuditKey, openAuditKey } from '../../../gateway/audit/key.ts';
import { openOwnChain } from '../../../gateway/audit/own-chain.ts';

const former = `node-${hash('sha256', 'kid').slice(0, 16)}`;
let dir: string;
let audit: AuditKey;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-own-chain-'));
  audit = await openAuditKey(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const own = () => openOwnChain(dir, { ...audit, kid: 'kid' });

test('a chain is named once, and by nothing that another gateway server has too', async () => {
  const name = await own();
  expect(name).toMatch(/^node-[0-9a-f]{16}$/);
  expect(name).not.toBe(former);
  expect(await own()).toBe(name);
  await rm(join(dir, 'key', 'chain'));
  expect(await own()).not.toBe(name);
});

test('whoever served when the signing key named the chain goes on with it', async () => {
  replaceHeads(audit.headFile, audit.key, [start(former)]);
  expect(await own()).toBe(former);
  replaceHeads(audit.headFile, audit.key, [start('main')]);
  expect(await own()).toBe(former);
});

test('a name that is none is refused, and a file of heads that is damaged or missing decides nothing', async () => {
  await writeFile(audit.headFile, '');
  expect(await own()).toBe(former);
  await rm(audit.headFile);
  expect(await openOwnChain(dir, { ...audit, isNew: false, kid: 'kid' })).toBe(former);
  // Nobody served with a key that was made just now.
  expect(await own()).not.toBe(former);
  await writeFile(join(dir, 'key', 'chain'), 'No name\n');
  await expect(own()).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
});
