// A home that looks like a person's: a config file of each AI host, each naming the same three local servers. Only files that are absent are made, and a marker
// tells such a home from a real one.
import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sampleConfigs } from './sample-config.ts';
import type { SampleServer } from './sample-config.ts';

const marker = '.drawbridge-sample';

/** Makes the sample files where they are absent. Twice is the same as once. */
export async function makeSampleHome(dir: string): Promise<void> {
  const documents = join(dir, 'Documents');
  const servers: readonly SampleServer[] = [
    { name: 'everything', args: ['-y', '@modelcontextprotocol/server-everything'] },
    { name: 'filesystem', args: ['-y', '@modelcontextprotocol/server-filesystem', documents] },
    {
      name: 'memory',
      args: ['-y', '@modelcontextprotocol/server-memory'],
      env: { MEMORY_FILE_PATH: join(dir, '.local', 'share', 'memory.jsonl') },
    },
  ];
  await mkdir(join(dir, '.local', 'share'), { recursive: true });
  await create(join(dir, marker), 'This home was made by Drawbridge as a sample. It may be removed.\n');
  await create(join(documents, 'welcome.txt'), 'This file is read through the gateway by the sample server "filesystem".\n');
  for (const [path, text] of Object.entries(sampleConfigs(servers, documents))) await create(join(dir, path), text);
}

/** Whether makeSampleHome made this home. */
export async function isSampleHome(dir: string): Promise<boolean> {
  return access(join(dir, marker)).then(
    () => true,
    () => false,
  );
}

async function create(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}
