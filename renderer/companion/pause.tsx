// The question before a pause: for how long, and why where the organization wants to know.
import { useState } from 'react';
import { Button, Form, Input, Label, Radio, RadioGroup, Text, TextField } from 'react-aria-components';
import type { AgentProfile } from '#contract/agent.ts';
import { minutesWords } from '#contract/when.ts';
import { Question } from './dialog.tsx';
import { useAsk } from './drawbridge.ts';
import { Empty, Outcome } from './part.tsx';

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
  const [reason, setReason] = useState('');
  const [asked, ask] = useAsk('pause:begin');
  const needsReason = allows.pause === 'with_reason';
  const begin = async () => {
    const said = reason.trim();
    if (await ask({ minutes, ...(said === '' ? {} : { reason: said }) })) onClose();
  };
  return (
    <Form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
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
      <TextField value={reason} onChange={setReason} isRequired={needsReason} maxLength={500} validationBehavior="aria">
        <Label>Reason{needsReason ? '' : ' (optional)'}</Label>
        <Input className="input" />
        <Text slot="description" className="hint">
          Your organization can read it.
        </Text>
      </TextField>
      <Outcome of={asked} waiting="Pausing …" />
      <div className="actions">
        <Button
          type="submit"
          className="button primary"
          isDisabled={asked.kind === 'waiting' || (needsReason && reason.trim() === '')}
        >
          Pause
        </Button>
        <Button className="button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Form>
  );
}
