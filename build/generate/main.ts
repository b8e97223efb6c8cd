// `npm run generate`: writes every artifact anew, removes generated files that nothing makes any more, and says nothing.
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { artifacts, generatedFolder } from './artifact.ts';
import { readSource } from './source.ts';

const root = join(import.meta.dirname, '../..');
const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
const source = readSource(version);
// all are made before the first is written: a table that can't be rendered changes nothing
const rendered = artifacts.map(({ path, render }) => ({ file: join(root, path), text: render(source) }));

const wanted = new Set(rendered.map(({ file }) => file));
const found = await readdir(join(root, generatedFolder), { recursive: true, withFileTypes: true }).catch(() => []);
for (const entry of found) {
  const file = join(entry.parentPath, entry.name);
  if (entry.isFile() && !wanted.has(file)) await rm(file);
}
for (const { file, text } of rendered) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  if (file.endsWith('.sh')) await chmod(file, 0o755);
}
