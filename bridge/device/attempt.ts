// An enrollment that is under way, on disk: the next one knows by it what one that was killed left behind. Rule: it is there before a key or a token leaves this
// process, and gone when the outcome is known. No secret stands in it: keys by their thumbprints, the token by its hash.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writePrivate } from './file.ts';

const Attempt = z.looseObject({
  version: z.literal(1),
  /** Thumbprints of the keys that may be in the secret store for nothing: its own, and the one that it was to replace. */
  keys: z.array(z.string()),
  tokenHash: z.string(),
});
export type Attempt = z.infer<typeof Attempt>;

const fileOf = (stateDir: string): string => join(stateDir, 'enrolling.json');

/** Undefined where no outcome is unknown; also where it can't be read, which costs no more than a key that opens nothing. */
export async function readAttempt(stateDir: string): Promise<Attempt | undefined> {
  try {
    const text = await readIfThere(fileOf(stateDir));
    return text === undefined ? undefined : Attempt.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeAttempt(stateDir: string, of: Omit<Attempt, 'version'>): Promise<void> {
  await writePrivate(fileOf(stateDir), `${JSON.stringify({ version: 1, ...of })}\n`);
}

export async function clearAttempt(stateDir: string): Promise<void> {
  await rm(fileOf(stateDir), { force: true });
}

export const interruptedWords = 'An enrollment of this device was interrupted: the key that it left was replaced.';
export const perhapsSpentWords =
  'This device sent the token before, in an enrollment that was interrupted, and that may have used it: ask for a new one. A workstation of this device that never connected can be revoked.';
