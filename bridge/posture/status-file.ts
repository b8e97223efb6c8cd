// The posture status file on disk. A reader sees the old file or the new one, never a part: a new file beside it, fsync, rename, fsync of the directory.
// Rule: never more than 64 KiB; findings are left out from the end (the least grave ones) and counted.
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { postureLimitBytes, postureText, PostureStatus } from '#contract/posture.ts';
import { makeFolder } from '../plain-file.ts';

/** The file that was read, with the hash of its bytes. */
export interface ReadPosture {
  readonly status: PostureStatus;
  readonly sha256: string;
}
export type PostureFile =
  | ({ readonly kind: 'read' } & ReadPosture)
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Signs with the device key. */
export interface PostureSigner {
  readonly keyId: string;
  sign(text: string): string;
}

/** Where an installer makes a directory for each user. On macOS written from the platform's documentation, never run on a Mac. */
const systemDirectories: Partial<Readonly<Record<NodeJS.Platform, string>>> = {
  linux: '/var/lib/drawbridge/posture',
  darwin: '/Library/Application Support/Drawbridge/posture',
};
const groupOrWorldWrite = 0o022;

/**
 * The installer's directory for this user where it is there and ours, else a place in the user's own state. An agent with a state directory of its own
 * (`isDefault` false) writes there: it must not speak for the one that IT watches.
 */
export async function postureFilePath(of: {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly stateDir: string;
  readonly isDefaultState: boolean;
}): Promise<string> {
  const own = join(of.stateDir, 'posture', 'status.json');
  const shared = systemDirectories[of.platform];
  if (!of.isDefaultState || shared === undefined) return own;
  const directory = join(shared, String(of.uid));
  const stat = await lstat(directory).catch(() => undefined);
  const isOurs = stat?.isDirectory() === true && stat.uid === of.uid && (stat.mode & groupOrWorldWrite) === 0;
  return isOurs ? join(directory, 'status.json') : own;
}

/** Writes the status, signed where there is a key. Returns the hash of what stands there now. */
export async function writePosture(file: string, status: PostureStatus, signer: PostureSigner | undefined): Promise<string> {
  const bytes = Buffer.from(fit(status, signer));
  const directory = dirname(file);
  await makeFolder(directory, 0o755);
  const draft = join(directory, `.status.${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', 0o644);
    try {
      // the umask may have taken away what MDM's own user needs to read it
      await handle.chmod(0o644);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(directory);
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Reads it for a verdict: only a file that the user wrote, and that nobody else can write. `uid`: who asks; root may look at any user's, if the file
 * belongs to the owner of its directory. -1 on Windows, where the directory's ACL decides.
 */
export async function readTrustedPosture(file: string, uid: number): Promise<PostureFile> {
  const owner = uid === 0 ? (await lstat(dirname(file)).catch(() => undefined))?.uid : uid;
  return readPosture(file, owner);
}

/** Reads and checks the shape; whoever wants to trust it checks the signature at the gateway. `owner`: whose file is taken; anyone's where none is named. */
export async function readPosture(file: string, owner = -1): Promise<PostureFile> {
  try {
    const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > postureLimitBytes) return { kind: 'unreadable', reason: 'not a file of up to 64 KiB' };
      if (owner >= 0 && (stat.uid !== owner || (stat.mode & groupOrWorldWrite) !== 0))
        return { kind: 'unreadable', reason: 'it belongs to somebody else, or others can write it' };
      const bytes = await handle.readFile();
      // parsed once: to compile a parser for it first takes longer
      const text = bytes.toString('utf8');
      const value: unknown = JSON.parse(text);
      // MDM's scripts read it line by line, so what stands there in another way is damaged for us too
      if (text.replace(/\n$/, '') !== JSON.stringify(value, undefined, 2))
        return { kind: 'unreadable', reason: 'not as an agent writes it' };
      const parsed = PostureStatus.safeParse(value, { jitless: true });
      if (!parsed.success) return { kind: 'unreadable', reason: 'not a posture status of a version known here' };
      return { kind: 'read', status: parsed.data, sha256: createHash('sha256').update(bytes).digest('hex') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'unreadable', reason: 'not JSON' };
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', reason: code };
  }
}

function fit(status: PostureStatus, signer: PostureSigner | undefined): string {
  for (let kept = status.findings.length; ; kept = Math.floor(kept / 2)) {
    const omitted = status.findings.length - kept;
    const text = sealed(
      { ...status, findings: status.findings.slice(0, kept), counts: { ...status.counts, findings_omitted: omitted } },
      signer,
    );
    if (kept === 0 || Buffer.byteLength(text) < postureLimitBytes) return text;
  }
}

function sealed(status: PostureStatus, signer: PostureSigner | undefined): string {
  if (!signer) return `${JSON.stringify(status, undefined, 2)}\n`;
  const named: PostureStatus = { ...status, integrity: { ...status.integrity, alg: 'ES256', key_id: signer.keyId } };
  const integrity = { ...named.integrity, signature: signer.sign(postureText(named)) };
  return `${JSON.stringify({ ...named, integrity }, undefined, 2)}\n`;
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
