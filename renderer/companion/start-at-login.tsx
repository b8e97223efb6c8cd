// Whether Drawbridge starts at login, as a switch: only where the profile leaves it to the user. Elsewhere the settings below say what holds.
import { useEffect } from 'react';
import { Switch } from 'react-aria-components';
import { useAsk } from './drawbridge.ts';

/** `setting`: AutoStart as it is in force. */
export function StartAtLogin({ setting }: { readonly setting: string | undefined }) {
  const [now, look] = useAsk('login:current');
  const [chosen, choose] = useAsk('login:choose');
  useEffect(() => {
    if (setting === 'user_decides') void look(undefined);
  }, [setting, look]);
  if (setting !== 'user_decides' || now.kind !== 'done') return null;
  if (now.value.kind === 'own_file') return <p>An autostart entry of your own decides whether Drawbridge starts at login.</p>;
  if (now.value.kind !== 'by_user') return null;
  return (
    <section aria-label="Start at login">
      <Switch
        className="switch"
        isSelected={now.value.isOn}
        isDisabled={chosen.kind === 'waiting'}
        onChange={(isOn) => void choose({ isOn }).then(() => look(undefined))}
      >
        <span className="track" aria-hidden="true" />
        Start Drawbridge when I log in
      </Switch>
      {chosen.kind === 'failed' ? (
        <p role="alert" className="outcome bad">
          {chosen.message}
        </p>
      ) : null}
    </section>
  );
}
