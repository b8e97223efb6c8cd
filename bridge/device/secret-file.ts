// Secrets in a 0600 file, where the OS has no secret store for us. Weaker, so who uses it says so: see keychain.ts.
import { chmod, lstat } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { readIfThere, writePrivate } from './file.ts';

const Content = z.record(z.string(), z.string());

export interface SecretFile {
  get(name: string): Promise<Secret<string> | undefined>;
  set(name: string, value: Secret<string>): Promise<void>;
  remove(name: string): Promise<void>;
}

export function openSecretFile(file: string): SecretFile {
  /** One change after the other: each reads what the one before wrote. */
  let last: Promise<void> = Promise.resolve();

  async function read(): Promise<Record<string, string>> {
    const text = await readIfThere(file);
    if (text === undefined) return {};
    const status = await lstat(file);
    if (!status.isFile()) throw new Fault('SECRET_UNREADABLE', { name: '*', reason: `${file} is not a plain file` });
    // Somebody loosened it, or copied it without its mode.
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) await chmod(file, 0o600);
    try {
      return Content.parse(JSON.parse(text));
    } catch (cause) {
      throw new Fault('SECRET_UNREADABLE', { name: '*', reason: `${file} is damaged` }, { cause });
    }
  }

  function change(edit: (content: Record<string, string>) => void): Promise<void> {
    const changed = last.then(async () => {
      const content = await read();
      edit(content);
      await writePrivate(file, JSON.stringify(content));
    });
    last = changed.catch(() => undefined);
    return changed;
  }

  return {
    async get(name) {
      await last;
      const content = await read();
      const value = Object.hasOwn(content, name) ? content[name] : undefined;
      return value === undefined ? undefined : new Secret(value);
    },
    set: (name, value) => change((content) => void (content[name] = reveal(value))),
    async remove(name) {
      if ((await this.get(name)) !== undefined) await change((content) => void delete content[name]);
    },
  };
}
