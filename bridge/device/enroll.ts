// This device becomes a workstation: makes a key, spends the enrollment token for it, and keeps what the gateway answered.
// The key is in the secret store before the token is spent, and an enrollment that fails changes nothing of an earlier one.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { enrollPath, EnrollResponse, type EnrollRequest } from '#contract/enrollment.ts';
import { ErrorCode, Fault } from '#contract/error.ts';
import { enrollText } from '#contract/frame.ts';
import { fromWire } from '#contract/frame-codec.ts';
import { OrganizationId, UserId, WorkstationId } from '#contract/id.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import { clearAttempt, interruptedWords, perhapsSpentWords, readAttempt, writeAttempt } from './attempt.ts';
import { makeDeviceKey, readDeviceKey, type DeviceKey } from './device-key.ts';
import { readIfThere, writePrivate } from './file.ts';
import type { SecretStore } from './keychain.ts';
import { postJson } from './post.ts';

/** What this device is to its gateway, with the use of its key. */
export interface DeviceIdentity {
  readonly workstation: WorkstationId;
  readonly user: UserId;
  readonly userName: string;
  readonly organization: OrganizationId;
  readonly gatewayOrigin: string;
  /** ES256, IEEE P1363 form, base64url. */
  sign(text: string): string;
}

const DeviceFile = z.looseObject({
  version: z.literal(1),
  workstation: WorkstationId,
  user: UserId,
  userName: z.string(),
  organization: OrganizationId,
  gatewayOrigin: z.string(),
  thumbprint: z.string(),
});
type DeviceFile = z.infer<typeof DeviceFile>;

const fileOf = (stateDir: string): string => join(stateDir, 'device.json');
const secretOf = (thumbprint: string): string => `device-key:${thumbprint}`;

/** Rejects with the gateway's Fault (TOKEN_SPENT, TOKEN_EXPIRED ...), GATEWAY_UNREACHABLE, or SECRET_UNREADABLE. */
export async function enroll(deps: {
  readonly gatewayOrigin: string;
  readonly token: Secret<string>;
  readonly secretStore: SecretStore;
  readonly stateDir: string;
  readonly osUser: string;
  readonly hostname: string;
  readonly platform: EnrollRequest['platform'];
  /** Certificates that are trusted beside Node's own, PEM. */
  readonly ca?: readonly string[] | string | undefined;
  /** What an enrollment before this one left, in words for a person. */
  readonly note?: (words: string) => void;
}): Promise<DeviceIdentity> {
  const { secretStore, stateDir, osUser, note } = deps;
  const gatewayOrigin = URL.parse(deps.gatewayOrigin)?.origin ?? deps.gatewayOrigin;
  const { key, jwk } = makeDeviceKey();
  const earlier = await readDevice(stateDir).catch(() => undefined);
  const token = reveal(deps.token).trim();
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const interrupted = await readAttempt(stateDir);
  const left = (interrupted?.keys ?? []).filter((thumbprint) => thumbprint !== earlier?.thumbprint);
  const replaced = earlier === undefined ? [] : [earlier.thumbprint];
  await writeAttempt(stateDir, { keys: [key.thumbprint, ...left, ...replaced], tokenHash });
  let mayBeSpent = false;
  try {
    await secretStore.set(secretOf(key.thumbprint), jwk);
    const proof = {
      tokenHash,
      publicKeyThumbprint: key.thumbprint,
      origin: gatewayOrigin,
      osUser,
    };
    const request: EnrollRequest = {
      token,
      publicKey: key.publicKey,
      signature: key.sign(enrollText(proof)),
      hostname: deps.hostname.slice(0, 255),
      osUser,
      platform: deps.platform,
    };
    mayBeSpent = true;
    const { workstation, user, userName, organization } = await ask(gatewayOrigin, request, deps.ca).catch((error: unknown) => {
      // where nothing was heard, the token may be spent all the same
      mayBeSpent = !(error instanceof Fault) || error.code === 'GATEWAY_UNREACHABLE';
      throw error;
    });
    const device: DeviceFile = {
      version: 1,
      workstation,
      user,
      userName,
      organization,
      gatewayOrigin,
      thumbprint: key.thumbprint,
    };
    await writePrivate(fileOf(stateDir), `${JSON.stringify(device, undefined, 2)}\n`);
    // an enrollment beside this one may have taken the key for one that was left
    await secretStore.set(secretOf(key.thumbprint), jwk).catch(() => undefined);
    // it is enrolled now, whatever stays: what can't be removed is named on disk for the next one
    await removeKeys(deps, [...left, ...replaced]).catch(() => undefined);
    if (left.length > 0) note?.(interruptedWords);
    return identityOf(device, key);
  } catch (error) {
    // Best effort: a key that no gateway knows opens nothing, and what went wrong is worth more than that it stayed.
    await secretStore.remove(secretOf(key.thumbprint)).catch(() => undefined);
    const isSpent = error instanceof Fault && error.code === 'TOKEN_SPENT';
    if (isSpent && interrupted?.tokenHash === tokenHash) note?.(perhapsSpentWords);
    const unknown = mayBeSpent ? { keys: left, tokenHash } : interrupted;
    await (unknown ? writeAttempt(stateDir, unknown) : clearAttempt(stateDir)).catch(() => undefined);
    throw error;
  }
}

/** But for the key of what this device is enrolled as. */
async function removeKeys(
  { stateDir, secretStore }: { readonly stateDir: string; readonly secretStore: SecretStore },
  thumbprints: readonly string[],
): Promise<void> {
  for (const thumbprint of thumbprints) {
    // an enrollment beside this one may have ended with it meanwhile
    const device = await readDevice(stateDir).catch(() => undefined);
    if (device?.thumbprint !== thumbprint) await secretStore.remove(secretOf(thumbprint));
  }
  await clearAttempt(stateDir);
}

/** The identity of an enrolled device. Rejects with SECRET_UNREADABLE where it is enrolled and its key can't be had. */
export async function loadDevice(deps: {
  readonly stateDir: string;
  readonly secretStore: SecretStore;
}): Promise<DeviceIdentity | undefined> {
  const device = await readDevice(deps.stateDir);
  if (device === undefined) return undefined;
  const jwk = await deps.secretStore.get(secretOf(device.thumbprint));
  if (jwk === undefined) {
    const { kind, reason } = deps.secretStore;
    throw new Fault('SECRET_UNREADABLE', { name: 'device key', reason: reason ?? `it is not in the secret store (${kind})` });
  }
  const key = readDeviceKey(jwk);
  if (key.thumbprint !== device.thumbprint)
    throw new Fault('SECRET_UNREADABLE', { name: 'device key', reason: 'it is the key of another enrollment' });
  return identityOf(device, key);
}

/** Removes the key of this device, then what it was enrolled as. The gateway server is not told: an administrator revokes a workstation there. */
export async function forgetDevice(deps: { readonly stateDir: string; readonly secretStore: SecretStore }): Promise<void> {
  await removeKeys(deps, (await readAttempt(deps.stateDir))?.keys ?? []);
  const device = await readDevice(deps.stateDir);
  if (device === undefined) return;
  await deps.secretStore.remove(secretOf(device.thumbprint));
  await rm(fileOf(deps.stateDir), { force: true });
}

function identityOf(device: DeviceFile, key: DeviceKey): DeviceIdentity {
  const { workstation, user, userName, organization, gatewayOrigin } = device;
  return { workstation, user, userName, organization, gatewayOrigin, sign: key.sign };
}

async function readDevice(stateDir: string): Promise<DeviceFile | undefined> {
  const text = await readIfThere(fileOf(stateDir));
  if (text === undefined) return undefined;
  try {
    return DeviceFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault('SECRET_UNREADABLE', { name: 'device.json', reason: 'it is damaged' }, { cause });
  }
}

const Refusal = z.looseObject({ error: z.looseObject({ code: ErrorCode, message: z.string().max(8192) }) });

async function ask(
  gatewayOrigin: string,
  request: EnrollRequest,
  ca: readonly string[] | string | undefined,
): Promise<EnrollResponse> {
  const { status, body } = await postJson({ origin: gatewayOrigin, path: enrollPath, body: request, ca });
  if (status === 200) {
    const answer = EnrollResponse.safeParse(body);
    if (answer.success) return answer.data;
  }
  const refusal = Refusal.safeParse(body);
  if (refusal.success) throw fromWire(refusal.data.error);
  throw new Fault('GATEWAY_UNREACHABLE', { reason: `it answered ${status} to the enrollment` });
}
