// The question before quitting: what it means, and why. It is only ever asked where the profile allows it, and main checks that again.
import { Question } from './dialog.tsx';
import { useAsk } from './drawbridge.ts';
import { ReasonForm } from './reason.tsx';

export function QuitQuestion({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const [asked, ask] = useAsk('companion:quit');
  return (
    <Question title="Quit Drawbridge" isOpen={isOpen} onClose={onClose}>
      <ReasonForm
        isRequired={false}
        hint="It is kept in the log of this device."
        verb="Quit"
        tone="danger"
        waiting="Ending …"
        asked={asked}
        onSubmit={(reason) => void ask(reason === undefined ? {} : { reason })}
        onClose={onClose}
      >
        <p>The agent that Drawbridge started ends with it. Your AI hosts reach no server until you start Drawbridge again.</p>
      </ReasonForm>
    </Question>
  );
}
