// What is promised of alerts.
import type { Requirement } from '../requirement.ts';

export const alert: readonly Requirement[] = [
  {
    id: 'alert.once',
    promise: 'What happens again while its alert is open is counted, and is no other alert.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.found',
    promise:
      'What is written while alerts are looked for is looked at in the next turn, however many turns were passed over before.',
    source: 'docs/siem.md',
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
    id: 'alert.server-of-device',
    promise:
      'A local server that does not start on one device is an alert of that device, which the same server on others does not end.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.device',
    promise: 'A device that says that something goes past the gateway raises an alert with what is wrong and what to do.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.device-over',
    promise: 'The alert of a device ends once it is whole or gone, and not because nothing is heard of it.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.over',
    promise: 'An alert ends by how things stand also where nothing was recorded of its end.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.one-tells',
    promise: 'Of several gateway servers on one database one tells of an alert, and another where that one ended.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.in-order',
    promise: 'Gateway servers that keep alerts of the same subjects at once do not undo each other.',
    source: 'gateway/store/alert.ts',
  },
  {
    id: 'alert.closed-told',
    promise: 'That an alert closed is told once to whoever was told that it opened, by the same id.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.opened-first',
    promise: 'That an alert closed is not told before it was told that it opened, however many gateway servers tell.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.one-id',
    promise: 'An alert that is told twice has one id.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.webhook',
    promise: 'A signed webhook of alerts gets alerts alone, each with its id, the same with each attempt.',
    source: 'docs/siem.md, "Alerts"',
  },
  {
    id: 'alert.told-once',
    promise: 'An alert is told once for each time that it opens, also where the gateway server is started anew.',
    source: 'docs/siem.md, "Alerts"',
  },
];
