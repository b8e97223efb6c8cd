// One bounded POST to the gateway server. No redirect is followed: a token goes to the address that was named, or nowhere.
import { Fault } from '#contract/error.ts';
import { gatewayOriginOf } from '#contract/gateway-origin.ts';
import { rootCertificates } from '../root-certificate.ts';
import { requestOf } from './request.ts';

const withinMs = 15_000;
const answerLimitBytes = 64 * 1024;

/** Rejects with GATEWAY_UNREACHABLE, also where the origin is not https (or http on loopback). `body` is undefined where the answer is not JSON. */
export async function postJson(deps: {
  readonly origin: string;
  readonly path: string;
  readonly body: unknown;
  readonly ca?: readonly string[] | string | undefined;
}): Promise<{ readonly status: number; readonly body: unknown }> {
  const origin = gatewayOriginOf(deps.origin);
  const unreachable = (reason: string, cause?: unknown) => new Fault('GATEWAY_UNREACHABLE', { reason }, { cause });
  if (origin === undefined) throw unreachable('its address must begin with https://');
  const url = new URL(deps.path, origin);
  const bytes = Buffer.from(JSON.stringify(deps.body));
  const options = {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': bytes.length, Accept: 'application/json' },
    signal: AbortSignal.timeout(withinMs),
    ...(deps.ca === undefined ? {} : { ca: [...rootCertificates(), ...[deps.ca].flat()] }),
  };
  const send = await requestOf(url);
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerLimitBytes) request.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => reject(unreachable(error.message, error)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }));
    });
    request.on('error', (error) => reject(unreachable(error.message, error)));
    request.end(bytes);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
