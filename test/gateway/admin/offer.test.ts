// Deciding what workstations may run: one exact command at a time, shown as it is.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hash } from 'node:crypto';
import { reveal } from '#contract/secret.ts';
import { Fingerprint, newId, Slug, WorkstationId } from '#contract/id.ts';
import type { Offer } from '#contract/server.ts';
import { decideOffered, listOffered } from '../../../gateway/admin/offer.ts';
import { offerText, printable, table } from '../../../gateway/admin/print.ts';
import { issueEnrollToken } from '../../../gateway/admin/token.ts';
import { proves } from '../../requirement.ts';
import { byHand, openData, twoTeams, type Data } from '../data.ts';

const print = (digit: string) => Fingerprint.parse(`sha256:${digit.repeat(64)}`);
const offer = (server: string, digit: string, args: string[] = []): Offer => ({
  server: Slug.parse(server),
  fingerprint: print(digit),
  command: { kind: 'npm', identity: '@example/memory', version: '1.2.3', contentHash: 'c', args, environmentNames: ['TOKEN'] },
  hosts: ['codex'],
});

describe('an offered server', () => {
  let data: Data;
  let workstation: WorkstationId;
  beforeEach(async () => {
    data = await openData(twoTeams);
    workstation = await enroll('ada');
  });
  afterEach(() => data.close());

  async function enroll(user: string): Promise<WorkstationId> {
    const { secret } = await issueEnrollToken({ ...byHand, store: data.store, user, ttlMs: 1000, now: 1 });
    const id = WorkstationId.parse(newId());
    const letter = user.slice(0, 1);
    const publicKey = { kty: 'EC', crv: 'P-256', x: letter.repeat(43), y: letter.repeat(43) } as const;
    const of = { id, user: Slug.parse(user), publicKey, thumbprint: letter.repeat(43), hostname: `${user}-laptop`, osUser: user };
    const enrolled = { ...of, platform: 'linux', enrolledAt: 1, revokedAt: null, lastSeenAt: null } as const;
    expect(await data.store.enroll(hash('sha256', reveal(secret)), enrolled, 1)).toBe('enrolled');
    return id;
  }
  const decide = (server: string, decision: 'approved' | 'denied', fingerprint?: string) =>
    decideOffered({ ...byHand, store: data.store, decision, server, fingerprint, now: 2 });

  test('is listed with its workstation, its user, its command and what was decided', async () => {
    await data.store.replaceOffers(workstation, [offer('memory', '1', ['--dir', '/tmp/a b'])], 5);
    const [listed] = await listOffered(data.store);
    expect(listed).toMatchObject({ server: 'memory', user: 'ada', hostname: 'ada-laptop', workstation, verdict: 'undecided' });
    const text = listed && offerText(listed);
    expect(text).toContain("arguments    --dir '/tmp/a b'");
    expect(text).toContain(`fingerprint  ${print('1')}`);
  });

  test('is listed with all that decides which code runs: the entry, the directory and the variables that load other code', async () => {
    const one = offer('memory', '1');
    const command = { ...one.command, entry: 'dist/index.js', cwd: '/srv/a', loading: ['NODE_OPTIONS=--require /tmp/x.js'] };
    await data.store.replaceOffers(workstation, [{ ...one, command }], 5);
    const [listed] = await listOffered(data.store);
    const text = listed && offerText(listed);
    expect(text).toContain('entry        dist/index.js');
    expect(text).toContain('directory    /srv/a');
    expect(text).toContain("loads by     'NODE_OPTIONS=--require /tmp/x.js'");
    expect(text).toContain(`content      sha256:${command.contentHash}`);
  });

  test('that is the only undecided one of its name is approved by its name, on every workstation', async () => {
    const other = await enroll('bob');
    await data.store.replaceOffers(workstation, [offer('memory', '1')], 5);
    await data.store.replaceOffers(other, [offer('memory', '1')], 6);
    await decide('memory', 'approved');
    expect((await listOffered(data.store)).map(({ verdict }) => verdict)).toEqual(['approved', 'approved']);
  });

  test('that is one of several of its name must be named by its fingerprint', async () => {
    proves('gateway-shell.approval-exact', {
      file: 'gateway/admin/offer.ts',
      find: 'if (open[0] && choices.length === 1) return open[0];',
      replace: 'if (open[0]) return open[0];',
    });
    const other = await enroll('bob');
    await data.store.replaceOffers(workstation, [offer('memory', '1')], 5);
    await data.store.replaceOffers(other, [offer('memory', '2')], 6);
    await expect(decide('memory', 'approved')).rejects.toMatchObject({ code: 'CHOICE_NEEDED' });
    expect(await data.store.approvals()).toEqual([]);
    await decide('memory', 'approved', print('2'));
    // What is left undecided of that name is one command now.
    await decide('memory', 'denied');
    expect((await listOffered(data.store)).map(({ verdict }) => verdict)).toEqual(['denied', 'approved']);
  });

  test('that two workstations describe in different ways is shown as disputed, and denied but not approved', async () => {
    proves('gateway-shell.approval-undisputed', {
      file: 'gateway/admin/offer.ts',
      find: "of.decision === 'approved' && chosen.isDisputed",
      replace: "of.decision !== 'approved' && chosen.isDisputed",
    });
    const other = await enroll('bob');
    await data.store.replaceOffers(workstation, [offer('memory', '1', ['--read-only'])], 5);
    await data.store.replaceOffers(other, [offer('memory', '1', ['--write']), offer('time', '1')], 6);
    const texts = (await listOffered(data.store)).map(offerText);
    expect(texts.map((text) => text.includes('  disputed     another workstation describes'))).toEqual([true, true, false]);
    expect(texts[1]).toContain(`workstation  bob-laptop (${other})`);
    for (const fingerprint of [undefined, print('1')]) {
      const refused = decide('memory', 'approved', fingerprint);
      await expect(refused).rejects.toMatchObject({ code: 'CHOICE_NEEDED' });
      await expect(refused).rejects.toThrow(
        `what workstation ${workstation} describes, what workstation ${other} describes. A fingerprint stands for one command`,
      );
    }
    expect(await data.store.approvals()).toEqual([]);
    await decide('memory', 'denied');
    await data.store.revokeWorkstation(other, 7);
    await decide('memory', 'approved', print('1'));
    expect((await listOffered(data.store)).map(({ verdict, isDisputed }) => [verdict, isDisputed])).toEqual([
      ['approved', false],
    ]);
  });

  test('that was decided already is decided anew by its fingerprint only', async () => {
    await data.store.replaceOffers(workstation, [offer('memory', '1')], 5);
    await decide('memory', 'denied');
    await expect(decide('memory', 'approved')).rejects.toThrow(`${print('1')} (denied)`);
    await decide('memory', 'approved', print('1'));
    expect((await listOffered(data.store))[0]?.verdict).toBe('approved');
  });

  test('that nobody offers can not be approved', async () => {
    await data.store.replaceOffers(workstation, [offer('memory', '1')], 5);
    await expect(decide('memry', 'approved')).rejects.toThrow('There is no offered server "memry". Did you mean "memory"?');
    await expect(decide('memory', 'approved', print('9'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('of a revoked workstation is not listed', async () => {
    await data.store.replaceOffers(workstation, [offer('memory', '1')], 5);
    await data.store.revokeWorkstation(workstation, 6);
    expect(await listOffered(data.store)).toEqual([]);
  });

  test('can not steer the terminal of whoever reads it', async () => {
    proves('gateway-shell.terminal-safe', {
      file: 'gateway/admin/print.ts',
      find: '/[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]/gu',
      replace: '/[\\p{Zl}\\p{Zp}\\p{Cs}]/gu',
    });
    await data.store.replaceOffers(workstation, [offer('memory', '1', ['\u001b[2J\u202eevil\rharmless\n'])], 5);
    const [listed] = await listOffered(data.store);
    expect(listed && offerText(listed)).toContain(String.raw`arguments    '\u{1b}[2J\u{202e}evil\u{d}harmless\u{a}'`);
  });
});

describe('a table', () => {
  test('pads its columns and says so where it is empty', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['long', 'x'],
          ['s', ''],
        ],
        'none',
      ),
    ).toBe('A     B\nlong  x\ns');
    expect(table(['A'], [], 'none')).toBe('none');
    expect(table(['A'], [['a\tb']], '')).toBe(`A\n${printable('a\tb')}`);
  });
});
