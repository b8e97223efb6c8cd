// A certificate that vouches for itself, made by openssl, for servers that speak TLS in tests and in the benchmark.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Certificate {
  readonly key: string;
  readonly cert: string;
}
const openssl = (args: readonly string[]) => promisify(execFile)('openssl', args, { timeout: 20_000 });

/** Paths of PEM files in that folder. `names` as openssl takes them, such as `DNS:localhost,IP:127.0.0.1`. `between`: as `20200101000000Z`; absent: the next two days. */
export async function makeCertificate(
  folder: string,
  names: string,
  between?: readonly [from: string, to: string],
): Promise<Certificate> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const of = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test'.split(' ');
  if (between === undefined)
    await openssl(['req', '-x509', '-days', '2', ...of, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert]);
  else {
    // Only `ca` takes days of the past and of the future.
    const [config, asked, index] = [join(folder, 'ca.conf'), join(folder, 'asked.pem'), join(folder, 'index')];
    await writeFile(index, '');
    await writeFile(
      config,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${index}\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=names\n` +
        `[any]\ncommonName=supplied\n[names]\nsubjectAltName=${names}\nbasicConstraints=CA:true\n`,
    );
    await openssl(['req', '-new', ...of, '-keyout', key, '-out', asked]);
    const signed = ['-config', config, '-keyfile', key, '-in', asked, '-out', cert];
    await openssl(['ca', '-batch', '-selfsign', '-notext', ...signed, '-startdate', between[0], '-enddate', between[1]]);
  }
  return { key, cert };
}
