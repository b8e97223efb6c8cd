// The device's key, its facts on disk, and the sealing of text under a key of its own.
import { spawn } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { reveal, Secret } from '#contract/secret.ts';
import { makeDeviceKey, readDeviceKey } from '../../../bridge/device/device-key.ts';
import { enroll, loadDevice } from '../../../bridge/device/enroll.ts';
import { openSealer } from '../../../bridge/device/sealer.ts';
import { createStage, folder, secretFile } from '../../gateway/tunnel/stage.ts';
import { proves } from '../../requirement.ts';
import { root } from '../../walk/program.ts';

const facts = { osUser: 'ada', hostname: 'laptop', platform: 'linux' as const };

describe('the device key', () => {
  test('signs ES256 that its public half verifies, and comes back from its stored form', () => {
    const { key, jwk } = makeDeviceKey();
    const again = readDeviceKey(jwk);
    expect([again.thumbprint, again.publicKey]).toEqual([key.thumbprint, key.publicKey]);
    const { kty, crv, x, y } = key.publicKey;
    const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' });
    const signature = Buffer.from(again.sign('text'), 'base64url');
    expect(signature).toHaveLength(64);
    expect(verify('sha256', Buffer.from('text'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  test('does not show its private half where it is printed', () => {
    const { key, jwk } = makeDeviceKey();
    const d = privateHalfOf(reveal(jwk));
    expect(inspect({ key, jwk }, { depth: 10, showHidden: true }) + JSON.stringify({ key, jwk })).not.toContain(d);
  });

  test('that is damaged is refused without being shown', () => {
    const damaged = new Secret('{"kty":"EC","d":"my private half"}');
    const read = (): unknown => {
      try {
        return readDeviceKey(damaged);
      } catch (error) {
        return error;
      }
    };
    expect(read()).toMatchObject({ code: 'SECRET_UNREADABLE' });
    expect(inspect(read(), { depth: 10 })).not.toContain('private half');
  });
});

describe('an enrolled device', () => {
  test('is there again after a restart, with its key only in the secret store', async () => {
    proves('device.key-in-store', {
      file: 'bridge/device/enroll.ts',
      find: 'thumbprint: key.thumbprint,\n    };',
      replace: 'thumbprint: key.thumbprint,\n      key: reveal(jwk),\n    };',
    });
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    expect(await loadDevice({ stateDir, secretStore })).toBeUndefined();
    const token = await stage.token('ada');
    const made = await enroll({ gatewayOrigin: `${stage.origin}/`, token, secretStore, stateDir, ...facts });
    const loaded = await loadDevice({ stateDir, secretStore });
    expect(loaded).toMatchObject({ workstation: made.workstation, user: made.user, gatewayOrigin: stage.origin });
    const text = await readFile(join(stateDir, 'device.json'), 'utf8');
    expect(text).not.toContain('"d"');
    expect(text).not.toMatch(/\\"d\\"/);
    expect(text).not.toContain(reveal(token));
    expect((await stat(join(stateDir, 'device.json'))).mode & 0o777).toBe(0o600);
  });

  test('stays what it was where another enrollment fails, and has one key after one that works', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const deps = { gatewayOrigin: stage.origin, secretStore, stateDir, ...facts };
    const first = await enroll({ ...deps, token: await stage.token('ada') });
    await expect(enroll({ ...deps, token: new Secret('wrong') })).rejects.toMatchObject({ code: 'ENROLL_TOKEN_INVALID' });
    expect((await loadDevice({ stateDir, secretStore }))?.workstation).toBe(first.workstation);
    const second = await enroll({ ...deps, token: await stage.token('ada') });
    expect((await loadDevice({ stateDir, secretStore }))?.workstation).toBe(second.workstation);
    const kept = JSON.parse(await readFile(join(stateDir, 'secret.json'), 'utf8'));
    expect(Object.keys(kept)).toHaveLength(1);
  });

  test('replaces the key of an enrollment that was killed, and says so; its token is said to be perhaps used by that', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const notes: string[] = [];
    const deps = { secretStore, stateDir, ...facts, note: (words: string): void => void notes.push(words) };
    const keys = async (): Promise<number> =>
      Object.keys(JSON.parse(await readFile(join(stateDir, 'secret.json'), 'utf8'))).length;
    const token = await stage.token('ada');
    // a process that dies when the gateway has the token and before it has the answer
    const silent = createServer((request) => void request.once('data', () => killed.resolve()));
    const killed = Promise.withResolvers<void>();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void silent.close().closeAllConnections());
    const address = silent.address();
    const origin = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
    const script = `
      import { enroll } from '${join(root, 'bridge/device/enroll.ts')}';
      import { openSecretFile } from '${join(root, 'bridge/device/secret-file.ts')}';
      import { Secret } from '${join(root, 'contract/secret.ts')}';
      const secretStore = { kind: 'file', ...openSecretFile('${join(stateDir, 'secret.json')}') };
      const of = { gatewayOrigin: '${origin}', stateDir: '${stateDir}', ...${JSON.stringify(facts)} };
      await enroll({ ...of, secretStore, token: new Secret('${reveal(token)}') });`;
    const victim = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: 'inherit' });
    await killed.promise;
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    expect([await keys(), await loadDevice({ stateDir, secretStore })]).toEqual([1, undefined]);

    // it was another gateway's doing in this test; here it is spent by another device
    await enroll({ gatewayOrigin: stage.origin, token, secretStore, stateDir: await folder(), ...facts });
    const again = { ...deps, gatewayOrigin: stage.origin };
    await expect(enroll({ ...again, token: new Secret('wrong') })).rejects.toMatchObject({ code: 'ENROLL_TOKEN_INVALID' });
    expect(notes).toEqual([]);
    await expect(enroll({ ...again, token })).rejects.toMatchObject({ code: 'TOKEN_SPENT' });
    expect(notes).toEqual([expect.stringContaining('This device sent the token before')]);
    const made = await enroll({ ...again, token: await stage.token('ada') });
    expect(notes[1]).toBe('An enrollment of this device was interrupted: the key that it left was replaced.');
    expect((await loadDevice({ stateDir, secretStore }))?.workstation).toBe(made.workstation);
    expect((await readdir(stateDir)).toSorted()).toEqual(['device.json', 'secret.json']);
    await enroll({ ...again, token: await stage.token('ada') });
    expect(notes).toHaveLength(2);
  });

  test('keeps its key where another enrollment began and ended beside its own', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const deps = { gatewayOrigin: stage.origin, stateDir, ...facts };
    const [isSet, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const set: typeof secretStore.set = async (name, value) => {
      await secretStore.set(name, value);
      isSet.resolve();
      await mayGoOn.promise;
    };
    const first = enroll({ ...deps, secretStore: { ...secretStore, set }, token: await stage.token('ada') });
    await isSet.promise;
    await enroll({ ...deps, secretStore, token: await stage.token('ada') });
    mayGoOn.resolve();
    const { workstation } = await first;
    expect((await loadDevice({ stateDir, secretStore }))?.workstation).toBe(workstation);
  });

  test('keeps its key where it ended while another enrollment, which ended just before it, removed what was left', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const deps = { gatewayOrigin: stage.origin, stateDir, ...facts };
    const [isSet, mayAsk, isKept, mayRemove] = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    /** Waits when the key is set for this time. */
    const waiting = (at: number, is?: PromiseWithResolvers<void>, may?: PromiseWithResolvers<void>): typeof secretStore => {
      let times = 0;
      const set: typeof secretStore.set = async (name, value) => {
        await secretStore.set(name, value);
        if (++times !== at) return;
        is?.resolve();
        await may?.promise;
      };
      return { ...secretStore, set };
    };
    const first = enroll({ ...deps, secretStore: waiting(1, isSet, mayAsk), token: await stage.token('ada') });
    await isSet?.promise;
    const second = enroll({ ...deps, secretStore: waiting(2, isKept, mayRemove), token: await stage.token('ada') });
    await isKept?.promise;
    mayAsk?.resolve();
    const { workstation } = await first;
    mayRemove?.resolve();
    await second;
    expect((await loadDevice({ stateDir, secretStore }))?.workstation).toBe(workstation);
  });

  test('that could not be kept once the gateway had answered is said to have used its token, and nothing else is', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const notes: string[] = [];
    const note = (words: string): void => void notes.push(words);
    const deps = { gatewayOrigin: stage.origin, stateDir, secretStore, ...facts, note };
    const token = await stage.token('ada');
    const set = (): Promise<void> => Promise.reject(new Error('the store is locked'));
    await expect(enroll({ ...deps, secretStore: { ...secretStore, set }, token })).rejects.toThrow('the store is locked');
    expect(await readdir(stateDir)).not.toContain('enrolling.json');
    await mkdir(join(stateDir, 'device.json'));
    await expect(enroll({ ...deps, token })).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    await rm(join(stateDir, 'device.json'), { recursive: true });
    await expect(enroll({ ...deps, token })).rejects.toMatchObject({ code: 'TOKEN_SPENT' });
    expect(notes).toEqual([expect.stringContaining('This device sent the token before')]);
  });

  test('whose key is gone is not taken for one that was never enrolled', async () => {
    const stage = await createStage();
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    await enroll({ gatewayOrigin: stage.origin, token: await stage.token('ada'), secretStore, stateDir, ...facts });
    await rm(join(stateDir, 'secret.json'));
    await expect(loadDevice({ stateDir, secretStore })).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    await writeFile(join(stateDir, 'device.json'), '{}');
    await expect(loadDevice({ stateDir, secretStore })).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  test.each(['http://gateway.example', 'no address'])(
    'is not enrolled at %s: a token goes over https, or stays',
    async (origin) => {
      proves('device.token-over-https', {
        file: 'contract/gateway-origin.ts',
        find: "(url.protocol === 'http:' && isLoopback(url.hostname))",
        replace: "url.protocol === 'http:'",
      });
      const stateDir = await folder();
      const deps = { gatewayOrigin: origin, token: new Secret('t'), secretStore: secretFile(stateDir), stateDir, ...facts };
      await expect(enroll(deps)).rejects.toMatchObject({
        code: 'GATEWAY_UNREACHABLE',
        message: expect.stringMatching(/must begin with https/),
      });
    },
  );

  test('at an address that does not answer is told so', async () => {
    const stateDir = await folder();
    const secretStore = secretFile(stateDir);
    const deps = { gatewayOrigin: 'http://127.0.0.1:1', token: new Secret('t'), secretStore, stateDir, ...facts };
    await expect(enroll(deps)).rejects.toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    expect(await readFile(join(stateDir, 'secret.json'), 'utf8')).toBe('{}');
  });
});

describe('the sealer', () => {
  test('opens what it sealed, also after a restart, and nothing else', async () => {
    proves('device.sealed', {
      file: 'bridge/device/sealer.ts',
      find: '.setAuthTag(mac);\n        return Buffer.concat([opening.update(text), opening.final()])',
      replace: '.setAuthTag(mac);\n        return Buffer.concat([opening.update(text)])',
    });
    const stateDir = await folder();
    const sealer = await openSealer(secretFile(stateDir));
    const again = await openSealer(secretFile(stateDir));
    const stranger = await openSealer(secretFile(await folder()));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (plain, at) => {
        // Lone surrogates are no text: a file never holds one.
        fc.pre(plain.isWellFormed());
        const sealed = sealer.seal(plain);
        expect(again.open(sealed)).toBe(plain);
        expect(sealer.seal(plain)).not.toBe(sealed);
        expect(() => stranger.open(sealed)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
        const index = 3 + (at % (sealed.length - 3));
        const other = sealed[index] === 'A' ? 'B' : 'A';
        const changed = `${sealed.slice(0, index)}${other}${sealed.slice(index + 1)}`;
        // The last digits of base64url may hold bits that mean nothing.
        const isSame = changed
          .split('.')
          .every((part, number) => number === 0 || bytesOf(part).equals(bytesOf(sealed.split('.')[number])));
        if (!isSame) expect(() => sealer.open(changed)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
      }),
      { numRuns: 40 },
    );
  });
});

const bytesOf = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');

/** The private half in a stored key. */
function privateHalfOf(jwk: string): string {
  const { d } = JSON.parse(jwk);
  if (typeof d !== 'string') throw new Error('not a private key');
  return d;
}
