// Intune's rules for what the discovery scripts print. Operands never change between evaluations, so age is a number of minutes and no time.
import type { Source } from '../source.ts';

/** Twelve heartbeats at their default. */
const oldestMinutes = 60;

export function renderRules({ settings, version }: Source): string {
  const help = settings.find(({ name }) => name === 'SupportURL')?.sample ?? 'https://help.example.org';
  const rule = (
    SettingName: string,
    Operator: string,
    DataType: string,
    Operand: unknown,
    Title: string,
    Description: string,
  ) => ({
    SettingName,
    Operator,
    DataType,
    Operand,
    MoreInfoUrl: String(help),
    RemediationStrings: [{ Language: 'en_US', Title, Description }],
  });
  const rules = [
    rule(
      'DrawbridgeCompliant',
      'IsEquals',
      'Boolean',
      true,
      'Your AI apps are not behind your gateway.',
      'Open Drawbridge to see what is wrong and what to do. If it is not running, start it.',
    ),
    rule(
      'PostureAgeMinutes',
      'LessEquals',
      'Int64',
      String(oldestMinutes),
      'Drawbridge has not reported for {ActualValue} minutes.',
      'Start Drawbridge, and leave it running while you work.',
    ),
    rule(
      'DrawbridgeVersion',
      'GreaterEquals',
      'Version',
      version,
      'Drawbridge {ActualValue} is too old.',
      'Install the current version from your company portal.',
    ),
    rule(
      'DirectServerCount',
      'IsEquals',
      'Int64',
      '0',
      'AI apps on this device reach MCP servers past your gateway ({ActualValue}).',
      'Open Drawbridge: it names them. Remove them, or ask your administrator to add them to the gateway.',
    ),
  ];
  return `${JSON.stringify({ Rules: rules }, undefined, 2)}\n`;
}
