// A device becomes a workstation over real HTTP, with the real store and recorder: once per token, for the token's user, this gateway and this key.
import { hash } from 'node:crypto';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { enrollPath } from '#contract/enrollment.ts';
import { enrollText } from '#contract/frame.ts';
import { newId, Slug, TokenId } from '#contract/id.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { enroll } from '../../../bridge/device/enroll.ts';
import { until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { createStage, folder, secretFile, type Stage } from '../tunnel/stage.ts';

async function enrollWith(stage: Stage, token: Secret<string>) {
  const stateDir = await folder();
  const facts = { osUser: 'ada', hostname: 'laptop', platform: 'linux' as const };
  return enroll({ gatewayOrigin: stage.origin, token, secretStore: secretFile(stateDir), stateDir, ...facts });
}

/** A POST by hand. */
function post(stage: Stage, body: string, headers: Record<string, string> = { 'Content-Type': 'application/json' }) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(`${stage.origin}${enrollPath}`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A request as the bridge makes it, signed over what is given. */
function requestFor(token: string, origin: string, change: { osUser?: string; signedUser?: string } = {}) {
  const { key } = makeDeviceKey();
  const osUser = change.osUser ?? 'ada';
  const text = enrollText({
    tokenHash: hash('sha256', token),
    publicKeyThumbprint: key.thumbprint,
    origin,
    osUser: change.signedUser ?? osUser,
  });
  return { token, publicKey: key.publicKey, signature: key.sign(text), hostname: 'laptop', osUser, platform: 'linux' };
}

describe('enrolling', () => {
  test('binds the device to the user of the token, and is on record', async () => {
    const stage = await createStage();
    const device = await enrollWith(stage, await stage.token('bob'));
    expect(device).toMatchObject({ userName: 'bob', organization: stage.organization, gatewayOrigin: stage.origin });
    const stored = (await stage.store.workstationsOf([device.workstation])).get(device.workstation);
    expect(stored).toMatchObject({ user: 'bob', hostname: 'laptop', revokedAt: null });
    expect(await stage.events()).toMatchObject([
      { event: 'workstation_enrolled', workstation: device.workstation, user: { id: device.user, name: 'bob' } },
    ]);
  });

  test('with a body that is not whole says what is wrong with it, and nothing of another protocol', async () => {
    const { status, body } = await post(await createStage(), '{"token":"x"}');
    expect([status, JSON.parse(body).error.message]).toEqual([400, 'The request is not valid: "publicKey" is missing or wrong.']);
  });

  test('spends the token: the second device is refused, also when both come at once', async () => {
    proves('device.token-once', {
      file: 'gateway/workstation/enroll.ts',
      find: "if (outcome !== 'enrolled') throw refusal(outcome, token.expiresAt);",
      replace: '',
    });
    const stage = await createStage();
    const token = await stage.token('ada');
    const outcomes = await Promise.allSettled([enrollWith(stage, token), enrollWith(stage, token), enrollWith(stage, token)]);
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await expect(enrollWith(stage, token)).rejects.toMatchObject({ code: 'TOKEN_SPENT' });
    expect(await stage.store.workstations()).toHaveLength(1);
    await until(async () => (await stage.events()).filter((one) => one.event === 'enroll_refused').length === 3);
  });

  test('is refused with a token that is unknown, expired, revoked, made while the clock was ahead, or no token for enrolling', async () => {
    const stage = await createStage();
    await expect(enrollWith(stage, new Secret('nothing'))).rejects.toMatchObject({ code: 'ENROLL_TOKEN_INVALID' });
    const revoked = await stage.token('ada');
    const [{ id } = { id: undefined }] = await stage.store.tokens();
    if (id !== undefined) await stage.store.revokeToken(id, Date.now());
    await expect(enrollWith(stage, revoked)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    const expired = await stage.token('ada', { expiresAt: Date.now() - 1 });
    await expect(enrollWith(stage, expired)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    const ahead = Date.now() + 2 * 86_400_000;
    const late = await stage.token('ada', { createdAt: ahead, expiresAt: ahead + 60_000 });
    await expect(enrollWith(stage, late)).rejects.toMatchObject({ code: 'ENROLL_TOKEN_INVALID' });
    const host = { kind: 'host', user: Slug.parse('ada'), gateway: Slug.parse('eng'), host: 'codex' } as const;
    const times = { createdAt: 0, expiresAt: Date.now() + 60_000, revokedAt: null, spentAt: null };
    await stage.store.addToken({ ...host, ...times, id: TokenId.parse(newId()), hash: hash('sha256', 'of a host') });
    await expect(enrollWith(stage, new Secret('of a host'))).rejects.toMatchObject({ code: 'ENROLL_TOKEN_INVALID' });
    expect(await stage.store.workstations()).toEqual([]);
  });

  test('needs the signature of the new key over this token, this gateway and this OS user', async () => {
    proves('device.enroll-signed', {
      file: 'gateway/workstation/enroll.ts',
      find: "if (!(await isSigned({ publicKey: request.publicKey, text, signature: request.signature }))) throw new Fault('PROOF_INVALID');",
      replace: '',
    });
    const stage = await createStage();
    const token = reveal(await stage.token('ada'));
    const good = requestFor(token, stage.origin);
    for (const wrong of [
      requestFor(token, 'https://other.example'),
      requestFor(token, stage.origin, { signedUser: 'eve' }),
      { ...good, publicKey: makeDeviceKey().key.publicKey },
      { ...good, publicKey: { ...good.publicKey, x: 'A'.repeat(43) } },
    ])
      expect(await post(stage, JSON.stringify(wrong))).toMatchObject({
        status: 401,
        body: expect.stringMatching(/PROOF_INVALID/),
      });
    expect((await post(stage, JSON.stringify(good))).status).toBe(200);
  });

  test('answers bad requests in plain words, and spends nothing', async () => {
    const stage = await createStage();
    const token = reveal(await stage.token('ada'));
    const good = requestFor(token, stage.origin);
    expect((await post(stage, 'not JSON')).status).toBe(400);
    expect((await post(stage, JSON.stringify({ ...good, platform: 'amiga' }))).body).toMatch(/platform/);
    expect((await post(stage, JSON.stringify(good), { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(stage, JSON.stringify({ ...good, filler: 'x'.repeat(70_000) }))).status).toBe(413);
    expect((await post(stage, JSON.stringify(good))).status).toBe(200);
  });

  test('without a record leaves no workstation that could connect', async () => {
    proves('device.enrolled-on-record', {
      file: 'gateway/workstation/enroll.ts',
      find: 'await store.revokeWorkstation(workstation.id, now);',
      replace: '',
    });
    const stage = await createStage();
    const token = await stage.token('ada');
    await stage.recorder.close();
    await expect(enrollWith(stage, token)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect((await stage.store.workstations()).filter((one) => one.revokedAt === null)).toEqual([]);
  });
});
