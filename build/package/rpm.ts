// The rpm, made of the same staged files and the same scripts as the deb, by rpmbuild: electron-builder's own way needs fpm, which it downloads.
// Rule: nothing of it is stripped or rewritten. The Node in it is signed by nobody but would no longer be the one that its makers tested.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stage } from './deb.ts';
import { installDirectory, linuxFiles } from './linux-files.ts';
import { writeScripts } from './script.ts';

/** Libraries and not packages: distributions call those differently. */
const requires = ['libasound.so.2', 'libgbm.so.1', 'libgtk-3.so.0', 'libnss3.so'].map((library) => `${library}()(64bit)`);
const sections = { postinst: 'post', prerm: 'preun', postrm: 'postun' } as const;

/** Writes the package to `file`. */
export async function makeRpm(of: {
  readonly root: string;
  readonly unpacked: string;
  readonly file: string;
  readonly version: string;
  readonly arch: 'x64' | 'arm64';
  readonly warning?: string | undefined;
  readonly compression: 'small' | 'fast';
}): Promise<void> {
  const { root, unpacked, file, version, arch, warning, compression } = of;
  const work = await mkdtemp(join(tmpdir(), 'drawbridge-rpm-'));
  try {
    const tree = join(work, 'tree');
    const made = join(work, 'rpm');
    await stage(root, unpacked, tree);
    await writeScripts(root, join(work, 'scripts'));
    await mkdir(made);
    await writeFile(join(work, 'drawbridge.spec'), await spec({ work, tree, version, warning, compression }));
    const defines = [`_topdir ${work}`, `_rpmdir ${made}`, `_rpmfilename drawbridge.rpm`, `_tmppath ${work}`];
    const target = arch === 'x64' ? 'x86_64' : 'aarch64';
    await promisify(execFile)(
      'rpmbuild',
      ['-bb', '--target', target, ...defines.flatMap((define) => ['--define', define]), join(work, 'drawbridge.spec')],
      { maxBuffer: 2 ** 24 },
    );
    const [name = ''] = await readdir(made);
    await rename(join(made, name), file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function spec(of: {
  readonly work: string;
  readonly tree: string;
  readonly version: string;
  readonly warning: string | undefined;
  readonly compression: 'small' | 'fast';
}): Promise<string> {
  const { work, tree, version, warning, compression } = of;
  const scripts = await Promise.all(
    Object.entries(sections).map(async ([name, section]) => {
      const text = await readFile(join(work, 'scripts', name), 'utf8');
      // in a spec, a percent sign begins a macro
      return `%${section}\n${text.replace(/^#!.*\n/, '').replaceAll('%', '%%')}`;
    }),
  );
  const files = linuxFiles.map(
    ({ to, mode, isConfig }) => `${isConfig ? '%config(noreplace) ' : ''}%attr(${mode.toString(8)}, root, root) ${to}`,
  );
  return `%global __os_install_post %{nil}
%global _build_id_links none
%global debug_package %{nil}
%global _binary_payload ${compression === 'fast' ? 'w1.zstdio' : 'w19.zstdio'}
Name: drawbridge
Version: ${version}
Release: 1
Summary: ${warning ?? 'Your AI hosts and local MCP servers, through your gateway'}
License: Apache-2.0
AutoReqProv: no
${requires.map((library) => `Requires: ${library}\n`).join('')}Requires: /usr/bin/setpriv

%description
The workstation program of Drawbridge: it points AI hosts at the gateway of your organization, runs their local MCP servers behind it and reports what
is true to your device management.

%install
mkdir -p %{buildroot}
cp -a '${tree}/.' %{buildroot}/

%files
%defattr(-, root, root, -)
${installDirectory}
%attr(4755, root, root) ${installDirectory}/chrome-sandbox
/usr/bin/drawbridge
/usr/share/doc/drawbridge
%dir /etc/drawbridge
%dir /var/lib/drawbridge
%dir /var/lib/drawbridge/posture
${files.join('\n')}

${scripts.join('\n')}
`;
}
