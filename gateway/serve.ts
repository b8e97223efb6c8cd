// The process of a gateway server: its log, its signals, and the one line that says where it listens.
// Rule: a second signal, a stop that takes too long and an error that nobody foresaw end it at once; main.ts puts together what runs in it.
import pino from 'pino';
import { keepCallsYoung, letSmallHeapGrow } from './heap.ts';
import { startGateway } from './main.ts';
import type { ServeSettings } from './settings.ts';

/** Log lines that may wait for who reads them; what is over it is lost, because callers must not wait for a reader of logs. */
const logWaitingBytes = 16 * 2 ** 20;
const stopWithinMs = 5_000;

/** `serve`: runs until SIGTERM or SIGINT. A second signal, or a stop that takes too long, ends the process at once. */
export async function serve(settings: ServeSettings): Promise<void> {
  keepCallsYoung();
  const growing = letSmallHeapGrow();
  const logger = pino({ base: { pid: process.pid } }, pino.destination({ dest: 2, sync: false, maxLength: logWaitingBytes }));
  const asked = new Promise<string>((resolve) => {
    let isAsked = false;
    const onSignal = (signal: string) => {
      if (isAsked) process.exit(1);
      isAsked = true;
      logger.info({ signal }, 'stopping');
      setTimeout(() => {
        logger.fatal({ withinMs: stopWithinMs }, 'did not stop in time, so it is cut');
        process.exit(1);
      }, stopWithinMs).unref();
      resolve(signal);
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'failed in a way that nobody foresaw, so the gateway server ends');
    process.exit(1);
  });
  const running = await startGateway(settings, logger);
  process.stdout.write(
    `${JSON.stringify({ event: 'listening', url: running.url, metricsUrl: running.metricsUrl, pid: process.pid })}\n`,
  );
  await asked;
  await running.close();
  growing.close();
  logger.info('stopped');
}
