// Whether the gateway server answers from here, as `drawbridge doctor` asks it. No token goes with the question and no redirect is followed.
import { gatewayOriginOf } from '#contract/gateway-origin.ts';
import { rootCertificates } from '../root-certificate.ts';
import { requestOf } from './request.ts';

export type Probe =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly tookMs: number;
      /** Ours minus theirs, in ms; their clock tells seconds. */ readonly skewMs?: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

const withinMs = 10_000;

/** Never rejects. */
export async function probeGateway(of: { readonly origin: string; readonly ca?: string | undefined }): Promise<Probe> {
  const origin = gatewayOriginOf(of.origin);
  if (origin === undefined) return { kind: 'failed', reason: 'its address must begin with https://' };
  const url = new URL('/readyz', origin);
  const options = {
    agent: false,
    signal: AbortSignal.timeout(withinMs),
    ...(of.ca === undefined ? {} : { ca: [...rootCertificates(), of.ca] }),
  };
  const send = await requestOf(url);
  const begunAt = Date.now();
  return new Promise((resolve) => {
    const request = send(url, options, (response) => {
      const now = Date.now();
      const theirs = Date.parse(response.headers.date ?? '');
      response.destroy();
      resolve({
        kind: 'answered',
        status: response.statusCode ?? 0,
        tookMs: now - begunAt,
        ...(Number.isNaN(theirs) ? {} : { skewMs: (begunAt + now) / 2 - theirs - 500 }),
      });
    });
    request.on('error', (error) => resolve({ kind: 'failed', reason: error.message }));
    request.end();
  });
}
