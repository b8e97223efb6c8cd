// `drawbridge enroll`: makes this device a workstation of its gateway. The token comes on stdin or in a file, never as an argument: others can read those.
import { open, readFile } from 'node:fs/promises';
import { enrollScheme, readEnrollLink } from '#contract/enroll-link.ts';
import { Fault } from '#contract/error.ts';
import { GatewayUrl } from '#contract/profile.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { enroll } from '../device/enroll.ts';
import { openSecretStore } from '../device/keychain.ts';
import { deviceOf, secretService } from '../location.ts';
import { askCommand } from '../socket/ask.ts';
import { openPrivateDirectory } from '../socket/directory.ts';
import { socketPath } from '../socket/path.ts';
import { jsonOption, profileOf, profileOption, stateOption } from './terminal.ts';
import type { AddCommands, Common, Terminal } from './terminal.ts';

interface Flags extends Common {
  readonly gateway?: string;
  readonly tokenFile?: string;
}
const tokenLimitBytes = 4096;

export const addEnroll: AddCommands = (program, terminal) => {
  program
    .command('enroll')
    .description('Enrolls this device with its gateway, by a one-time token from your administrator on stdin or in a file.')
    .option('--gateway <url>', "the gateway's address (default: the profile's)")
    .option('--token-file <file>', 'read the token from this file instead of stdin')
    .addOption(stateOption())
    .addOption(profileOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: { optsWithGlobals(): Flags }) => run(command.optsWithGlobals(), terminal));
};

async function run(flags: Flags, terminal: Terminal): Promise<void> {
  const { around } = terminal;
  const { stateDir, ...device } = deviceOf(flags, around);
  const { profile } = await profileOf({ stateDir, ...device }, around);
  const gatewayOrigin = gatewayFor(flags.gateway, profile.GatewayURL);
  const token = await readToken(flags, terminal);
  await openPrivateDirectory(stateDir, around.uid);
  const secretStore = await openSecretStore({ stateDir, service: secretService(stateDir) });
  if (secretStore.kind === 'file')
    terminal.note(`drawbridge: ${secretStore.reason ?? ''} Keys are kept in a file that only you can read.`);
  const ca = await readCertificates(profile.CACertificateFile);
  const { userName: osUser, hostname, platform } = around;
  const note = (words: string): void => terminal.note(`drawbridge: ${words}`);
  const made = await enroll({ gatewayOrigin, token, secretStore, stateDir, osUser, hostname, platform, ca, note });
  const { workstation, userName, organization } = made;
  terminal.print(
    flags.json === true
      ? JSON.stringify({ workstation, user: made.user, userName, organization, gatewayOrigin })
      : `This device is now the workstation ${workstation} of ${userName} at ${gatewayOrigin}.`,
  );
  await askCommand(socketPath(stateDir, platform, around.uid), around.uid, { name: 'reload' });
}

async function readCertificates(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable('CACertificateFile', file, error);
  });
}

/** The profile decides where it says something. */
function gatewayFor(asked: string | undefined, set: string | undefined): string {
  if (asked === undefined) {
    if (set === undefined)
      throw new Fault('SETTING_INVALID', {
        setting: 'GatewayURL',
        reason: 'the profile does not set it: name the gateway with --gateway.',
      });
    return set;
  }
  const parsed = GatewayUrl.safeParse(asked);
  if (!parsed.success)
    throw new Fault('SETTING_INVALID', { setting: '--gateway', reason: parsed.error.issues[0]?.message ?? 'not a URL' });
  if (set !== undefined && set !== parsed.data)
    throw new Fault('PROFILE_FORBIDS', { what: `the gateway ${parsed.data}: it names ${set}` });
  return parsed.data;
}

async function readToken({ tokenFile }: Flags, { input, note }: Terminal): Promise<Secret<string>> {
  if (tokenFile === undefined) {
    if (input.isTTY === true) note('Paste the enrollment token and press Enter:');
    return tokenIn(await firstLine(input));
  }
  try {
    // a pipe is fine: whoever gives one writes the token into it
    const handle = await open(tokenFile);
    const stat = await handle.stat();
    if (process.platform !== 'win32' && stat.isFile() && (stat.mode & 0o044) !== 0)
      note(`drawbridge: others can read ${tokenFile}: make such a file 0600, and remove this one.`);
    return tokenIn(await firstLine(handle.createReadStream()));
  } catch (error) {
    throw unreadable('--token-file', tokenFile, error);
  }
}

/** Never more than a token can have, whatever it is read from. */
async function firstLine(input: AsyncIterable<string | Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.includes('\n') || text.length > tokenLimitBytes) break;
  }
  return text.split('\n')[0] ?? '';
}

/** In words why a file that was named can't be read; what else went wrong stays as it is. */
function unreadable(setting: string, file: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = unreadableWords[code];
  return reason === undefined ? error : new Fault('SETTING_INVALID', { setting, reason: `${file} ${reason}` }, { cause: error });
}

const unreadableWords: Readonly<Record<string, string>> = {
  ENOENT: 'is not there.',
  ENOTDIR: 'is not there.',
  EISDIR: 'is a directory.',
  EACCES: 'may not be read by this user.',
  EPERM: 'may not be read by this user.',
};

/** A token, or an enrollment link that holds one. */
function tokenIn(text: string): Secret<string> {
  const pasted = text.trim();
  const token = pasted.startsWith(`${enrollScheme}:`) ? readEnrollLink(pasted) : new Secret(pasted);
  if (token === undefined)
    throw new Fault('SETTING_INVALID', { setting: 'token', reason: 'the link is not one for an enrollment.' });
  const { length } = reveal(token);
  if (length === 0 || length > tokenLimitBytes)
    throw new Fault('SETTING_INVALID', { setting: 'token', reason: 'there is none: give it on stdin or with --token-file.' });
  return token;
}
