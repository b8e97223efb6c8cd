// The question before a pause: for how long, and why where the organization wants to know.
import { useState } from 'react';
import { Button, Label, Radio, RadioGroup } from 'react-aria-components';
import type { AgentProfile } from '#contract/agent.ts';
import { minutesWords } from '#contract/when.ts';
import { Question } from './dialog.tsx';
import { useAsk } from './drawbridge.ts';
import { Empty } from './part.tsx';
import { ReasonForm } from './reason.tsx';

interface Props {
  readonly allows: AgentProfile['allows'];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function PauseQuestion({ allows, isOpen, onClose }: Props) {
  return (
    <Question title="Pause Drawbridge" isOpen={isOpen} onClose={onClose}>
      {allows.pause === 'never' ? (
        <>
          <Empty>Your organization does not allow pausing.</Empty>
          <div className="actions">
            <Button className="button" onPress={onClose}>
              Close
            </Button>
          </div>
        </>
      ) : (
        <PauseForm allows={allows} onClose={onClose} />
      )}
    </Question>
  );
}

function PauseForm({ allows, onClose }: Pick<Props, 'allows' | 'onClose'>) {
  const choices = [...new Set([15, 30, 60, 240, allows.pauseMaxMinutes])]
    .filter((minutes) => minutes <= allows.pauseMaxMinutes)
    .toSorted((a, b) => a - b);
  const [minutes, setMinutes] = useState(choices[0] ?? allows.pauseMaxMinutes);
  const [asked, ask] = useAsk('pause:begin');
  const begin = async (reason: string | undefined) => {
    if (await ask({ minutes, ...(reason === undefined ? {} : { reason }) })) onClose();
  };
  return (
    <ReasonForm
      isRequired={allows.pause === 'with_reason'}
      hint="Your organization can read it."
      verb="Pause"
      tone="primary"
      waiting="Pausing …"
      asked={asked}
      onSubmit={(reason) => void begin(reason)}
      onClose={onClose}
    >
      <p>While it is paused, your AI hosts reach no server. Their settings stay as they are.</p>
      <RadioGroup className="choices" value={String(minutes)} onChange={(value) => setMinutes(Number(value))}>
        <Label>For how long</Label>
        {choices.map((each) => (
          <Radio key={each} value={String(each)} className="choice">
            {minutesWords(each)}
          </Radio>
        ))}
      </RadioGroup>
    </ReasonForm>
  );
}
