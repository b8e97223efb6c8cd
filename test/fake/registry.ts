// A package registry on loopback, with the packages it is given, as far as `npm install` asks: the packument and the tarball.
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface FakePackage {
  readonly name: string;
  readonly version: string;
  /** Code that its postinstall script runs. */
  readonly script: string;
}

/** Each package holds a server that answers every line with itself. */
export async function startRegistry(packages: readonly FakePackage[]): Promise<{ url: string; close(): Promise<void> }> {
  const tarballs = new Map(await Promise.all(packages.map(async (one) => [one.name, await pack(one)] as const)));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const one = packages.find(({ name }) => path === `/${name}` || path === `/${name}.tgz`);
    const tarball = one && tarballs.get(one.name);
    if (one === undefined || tarball === undefined) return void response.writeHead(404).end('{"error":"not found"}');
    if (path.endsWith('.tgz')) return void response.end(tarball);
    const dist = {
      tarball: `${url()}${one.name}.tgz`,
      integrity: `sha512-${hash('sha512', tarball, 'base64')}`,
    };
    const manifest = { ...manifestOf(one), dist, hasInstallScript: true };
    response.end(JSON.stringify({ name: one.name, 'dist-tags': { latest: one.version }, versions: { [one.version]: manifest } }));
  });
  const url = (): string => {
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: url(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function manifestOf({ name, version }: FakePackage) {
  return { name, version, bin: { 'a-server': 'main.js' }, scripts: { postinstall: 'node script.cjs' } };
}

async function pack(one: FakePackage): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-registry-'));
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifestOf(one)));
    await writeFile(join(folder, 'main.js'), '#!/usr/bin/env node\nprocess.stdin.pipe(process.stdout);\n', { mode: 0o755 });
    await writeFile(join(folder, 'script.cjs'), one.script);
    await promisify(execFile)(
      'tar',
      ['czf', 'package.tgz', '--transform', 's,^,package/,', 'package.json', 'main.js', 'script.cjs'],
      {
        cwd: folder,
      },
    );
    return await readFile(join(folder, 'package.tgz'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
