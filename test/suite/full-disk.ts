// A folder on a disk that can be made full and free again. As root it is a small tmpfs of its own; where that is not permitted, the process's own
// limit on the size of files (prlimit) stands in for it: the write fails with EFBIG instead of ENOSPC.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly kind: 'tmpfs' | 'file size limit';
  readonly folder: string;
  /** From now on no file on it can grow. */
  fill(): void;
  free(): void;
  /** Idempotent. */
  remove(): void;
}

export function smallDisk(): SmallDisk {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'drawbridge-disk-'));
  const folder = join(root, 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return limited(root, folder);
  }
  const ballast = join(folder, 'ballast');
  let isMounted = true;
  return {
    kind: 'tmpfs',
    folder,
    fill() {
      // Until not even a byte is left: a database may still use what is left of its last page.
      for (let size = 2 ** 20, part = 0; size >= 1; part++) {
        try {
          writeFileSync(`${ballast}${part}`, Buffer.alloc(size));
        } catch {
          size = Math.floor(size / 2);
        }
      }
    },
    free() {
      execFileSync('sh', ['-c', `rm -f "${ballast}"*`]);
    },
    remove() {
      // Lazily: a test that failed may have left a file open.
      if (isMounted) execFileSync('umount', ['-l', folder]);
      isMounted = false;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function limited(root: string, folder: string): SmallDisk {
  const limit = (soft: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${soft}:`]);
  return {
    kind: 'file size limit',
    folder,
    fill: () => limit('4096'),
    free: () => limit('unlimited'),
    remove() {
      limit('unlimited');
      rmSync(root, { recursive: true, force: true });
    },
  };
}
