// A certificate that vouches for itself, made by openssl, for servers that speak TLS in tests and in the benchmark.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Paths of PEM files in that folder. `names` as openssl takes them, such as `DNS:localhost,IP:127.0.0.1`. */
export async function makeCertificate(folder: string, names: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test'.split(' ');
  const about = ['-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', [...kind, ...about], { timeout: 20_000 });
  return { key, cert };
}
