// The key of the seals: made once, for its owner alone.
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAuditKey, readAuditKey } from '../../../gateway/audit/key.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';

let folder: string;
beforeEach(async () => {
  folder = await freshFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the audit key', () => {
  test('is made once, also when two processes ask at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => openAuditKey(folder)));
    all.push(await openAuditKey(folder));
    expect(new Set(all.map(({ key }) => key.export().toString('hex'))).size).toBe(1);
    expect(all[0]?.key.symmetricKeySize).toBe(32);
    expect(readdirSync(`${folder}/key`)).toEqual(['audit.key']);
  });

  test('is not made by somebody who only looks', async () => {
    expect(await readAuditKey(folder)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    expect((await openAuditKey(folder)).isNew).toBe(true);
    expect((await readAuditKey(folder))?.isNew).toBe(false);
  });

  test('is for its owner alone', async () => {
    proves('audit.key-private', {
      file: 'gateway/key-file.ts',
      find: 'await handle.chmod(0o600);',
      replace: 'await handle.chmod(0o644);',
    });
    await openAuditKey(folder);
    expect(statSync(`${folder}/key`).mode & 0o777).toBe(0o700);
    expect(statSync(`${folder}/key/audit.key`).mode & 0o777).toBe(0o600);
  });

  test('is refused where others can read it, or where it is damaged', async () => {
    await openAuditKey(folder);
    chmodSync(`${folder}/key/audit.key`, 0o640);
    await expect(openAuditKey(folder)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    writeFileSync(`${folder}/key/audit.key`, 'short');
    chmodSync(`${folder}/key/audit.key`, 0o600);
    await expect(openAuditKey(folder)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
  });
});
