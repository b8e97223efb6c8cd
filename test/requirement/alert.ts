// What is promised of alerts.
import type { Requirement } from '../requirement.ts';

export const alert: readonly Requirement[] = [
  {
    id: 'alert.once',
    promise: 'What happens again while its alert is open is counted, and is no other alert.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.server-down',
    promise: 'A server that is down for whoever calls it raises an alert, which ends where it answers.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.flapping',
    promise: 'A server that comes and goes is one alert, and not one each time.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.told-once',
    promise: 'An alert is told once for each time that it opens, also where the gateway server is started anew.',
    source: 'docs/siem.md, "Alerts"',
  },
];
