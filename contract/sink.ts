// Where audit records are sent besides the database: the sinks of a policy, several side by side, each with its own filters, body and limit.
// The rule: no secret has a place here. A token, a key or the value of a secret header is set by `drawbridge-gateway sink secret` and lies sealed.
import { z } from 'zod';
import { recordKinds } from './audit.ts';
import { HeaderName } from './header-name.ts';
import { Slug } from './id.ts';
import { PrivateHost, RemoteUrl } from './remote-address.ts';

/** What of a record may be left out: a field of its JSON by its path, and everything below it. What tells records apart stays. */
const RedactedField = z
  .string()
  .regex(
    /^[a-zA-Z][a-zA-Z0-9_]{0,60}(?:\.[a-zA-Z0-9_-]{1,60}){0,4}$/,
    'use a path such as user.name, tool, item or detail.address',
  )
  .refine((path) => !/^(?:version|kind|id|at|chain|seq)(?:\.|$)/.test(path), 'a record is told apart by it, so it always goes');

/** Absent: every record. What is listed narrows: only records that have one of each. */
export const SinkFilter = z.strictObject({
  kinds: z.array(z.enum(recordKinds)).min(1).optional(),
  /** Names of events, such as `alert_raised`. */
  events: z
    .array(z.string().regex(/^[a-z_]{1,80}$/))
    .min(1)
    .optional(),
  decisions: z
    .array(z.enum(['allowed', 'refused', 'failed']))
    .min(1)
    .optional(),
  gateways: z.array(Slug).min(1).optional(),
  servers: z.array(Slug).min(1).optional(),
});
export type SinkFilter = z.infer<typeof SinkFilter>;

const common = {
  title: z.string().min(1).max(120).optional(),
  only: SinkFilter.optional(),
  redact: z.array(RedactedField).max(50).default([]),
  /** The record as `audit tail --json` shows it, or as OCSF API Activity (class 6003). */
  format: z.enum(['drawbridge', 'ocsf']).default('drawbridge'),
  /** Records that it may owe before `onFull` counts. */
  limit: z.number().int().min(100).max(1_000_000_000).default(1_000_000),
  /** `refuse`: then calls are refused until it has caught up. `skip`: then the oldest are not sent, which is put on record. */
  onFull: z.enum(['refuse', 'skip']).default('refuse'),
};
const reached = {
  allowPrivate: z.array(PrivateHost).max(100).default([]),
  /** The name of the way out (`serve --egress`). Absent: the usual one. */
  egress: Slug.optional(),
};

/** JSON Lines under the data directory of the gateway server: `sink/<slug>/records.jsonl`. */
export const FileSink = z.strictObject({
  ...common,
  kind: z.literal('file'),
  /** From this size on a new file is begun. */
  rotateBytes: z
    .number()
    .int()
    .min(65_536)
    .max(10 * 2 ** 30)
    .default(100 * 2 ** 20),
  /** Full files that are kept beside the one that is written to. */
  keep: z.number().int().min(1).max(1000).default(10),
});

/** POST of JSON, signed as Standard Webhooks has it. Its secret: `whsec_…`. */
export const WebhookSink = z.strictObject({ ...common, ...reached, kind: z.literal('webhook'), url: RemoteUrl });

const HostPort = z
  .string()
  .max(260)
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[1-9]\d{0,4}$/, 'use HOST:PORT, such as siem.example.org:6514')
  .refine((text) => Number(text.split(':').at(-1)) <= 65_535, 'use a port up to 65535');
const Certificates = z
  .string()
  .max(100_000)
  .regex(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/, 'use certificates as PEM text');

/** RFC 5424 over TLS (RFC 5425). */
export const SyslogSink = z.strictObject({
  ...common,
  ...reached,
  kind: z.literal('syslog'),
  address: HostPort,
  /** Who vouches for the receiver, as PEM; absent: whom the machine trusts. */
  ca: Certificates.optional(),
  /** RFC 5424 section 6.2.1; 13: log audit. */
  facility: z.number().int().min(0).max(23).default(13),
  /** The private enterprise number in the name of the structured data; 32473 is the one of examples (RFC 5612). */
  enterprise: z.number().int().min(1).max(4_294_967_295).default(32_473),
});

const short = z.string().regex(/^[\x20-\x7e]{1,200}$/);
/** Splunk HTTP Event Collector at this address, such as https://splunk.example.org:8088. Its secret: the token. */
export const SplunkSink = z.strictObject({
  ...common,
  ...reached,
  kind: z.literal('splunk'),
  url: RemoteUrl.refine((text) => !text.includes('/services/collector'), 'leave out /services/collector, it is added'),
  /** Whether records count as sent only once an indexer has them (the token's "indexer acknowledgement" has to be on). */
  acknowledge: z.boolean().default(true),
  index: short.optional(),
  source: short.default('drawbridge'),
  sourcetype: short.default('drawbridge:audit'),
});

const credential = /auth|token|key|secret|password|credential|cookie/i;

/** OTLP over HTTP. Each URL is used exactly as it is written. */
export const OtlpSink = z
  .strictObject({
    ...common,
    ...reached,
    kind: z.literal('otlp'),
    /** Where each record goes as a log record. */
    logsUrl: RemoteUrl.optional(),
    /** Where each call goes as a span. */
    tracesUrl: RemoteUrl.optional(),
    encoding: z.enum(['protobuf', 'json']).default('protobuf'),
    headers: z
      .record(HeaderName, short)
      .default({})
      .refine(
        (of) => !Object.keys(of).some((name) => credential.test(name)),
        'what can hold a credential belongs into secretHeaders, its value is set by `sink secret`',
      ),
    /** Headers whose values are set by `sink secret --header NAME`. */
    secretHeaders: z.array(HeaderName).max(10).default([]),
    /** Attributes of the resource, beside service.name and service.instance.id. */
    resource: z.record(z.string().regex(/^[a-zA-Z0-9_.-]{1,100}$/), z.string().max(500)).default({}),
  })
  .refine(({ logsUrl, tracesUrl }) => logsUrl !== undefined || tracesUrl !== undefined, 'name a logsUrl, a tracesUrl or both');

export const PolicySink = z.discriminatedUnion('kind', [FileSink, WebhookSink, SyslogSink, SplunkSink, OtlpSink]);
export type PolicySink = z.infer<typeof PolicySink>;

/** The secrets that a sink needs, by name; of OTLP each is a header. */
export function secretsOf(sink: PolicySink): readonly string[] {
  switch (sink.kind) {
    case 'webhook':
      return ['secret'];
    case 'splunk':
      return ['token'];
    case 'otlp':
      return sink.secretHeaders.map((name) => name.toLowerCase());
    case 'syslog':
    case 'file':
      return [];
  }
}

/** Where its secrets may be sent: they are sealed to it, so that a policy which names another place can't lead them there. Empty where it has none. */
export function destinationOf(sink: PolicySink): string {
  const origins = (...urls: readonly (string | undefined)[]) =>
    urls.flatMap((url) => (url === undefined ? [] : [new URL(url).origin])).join(' ');
  switch (sink.kind) {
    case 'webhook':
    case 'splunk':
      return origins(sink.url);
    case 'otlp':
      return origins(sink.logsUrl, sink.tracesUrl);
    case 'syslog':
    case 'file':
      return '';
  }
}
