// From a sink of the policy and its secrets to what sends to it.
import { join } from 'node:path';
import type { Secret } from '#contract/secret.ts';
import type { Egress } from '../egress/egress.ts';
import type { StoredSink } from '../store/sink.ts';
import { createFile } from './file.ts';
import { createOtlp } from './otlp.ts';
import { createPoster } from './post.ts';
import type { Receiver, Source } from './receiver.ts';
import { createSplunk } from './splunk.ts';
import { createSyslog } from './syslog.ts';
import { createWebhook } from './webhook.ts';

export interface ReceiverDeps {
  readonly source: Source;
  readonly egress: Egress;
  /** Where sinks of kind file lie, each in a folder of its name. */
  readonly directory: string;
}

/** `secrets`: all that the sink has, by name. */
export function createReceiver(
  { id, slug, config }: StoredSink,
  secrets: ReadonlyMap<string, Secret<string>>,
  { source, egress, directory }: ReceiverDeps,
): Receiver {
  const secret = (name: string): Secret<string> => {
    const found = secrets.get(name);
    if (found === undefined) throw new Error(`the secret "${name}" was not opened`);
    return found;
  };
  switch (config.kind) {
    case 'file':
      return createFile({ directory: join(directory, slug), rotateBytes: config.rotateBytes, keep: config.keep });
    case 'webhook':
      return createWebhook({
        url: config.url,
        secret: secret('secret'),
        post: createPoster(egress, { ...config, sink: slug }),
        now: source.now,
      });
    case 'splunk': {
      const { url, acknowledge: isAcknowledged, source: named, sourcetype, index } = config;
      return createSplunk({
        url,
        token: secret('token'),
        isAcknowledged,
        channel: id,
        about: { host: source.host, source: named, sourcetype, index },
        post: createPoster(egress, { ...config, sink: slug }),
      });
    }
    case 'syslog':
      return createSyslog({
        address: config.address,
        ca: config.ca,
        about: { facility: config.facility, enterprise: config.enterprise, host: source.host },
        sink: slug,
        allowPrivate: config.allowPrivate,
        way: config.egress,
        egress,
      });
    case 'otlp':
      return createOtlp({
        ...config,
        logsUrl: config.logsUrl,
        tracesUrl: config.tracesUrl,
        credentials: config.secretHeaders.map((name) => ({ header: name, value: secret(name.toLowerCase()) })),
        resource: { ...source, attributes: config.resource },
        post: createPoster(egress, { ...config, sink: slug }),
        now: source.now,
      });
  }
}
