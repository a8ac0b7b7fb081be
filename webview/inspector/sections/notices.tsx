import type { ComponentChildren, JSX } from 'preact';
import { useController } from '../state/context';
import { useView } from '../state/store';
import { failureText, subsetText } from '../words/words';
import { count } from '../../../server/protocol/words';

/** Bars that say what a person should know before they trust the figures below. What has just happened stays in sight. */
export function Notices(): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview);
  const layer = useView((view) => view.layer);
  const subset = layer && subsetText(layer);
  return (
    <>
      <div class="notices events">
        <Events />
      </div>
      <div class="notices">
        {overview && !overview.trigger ? (
          <Bar
            icon="info"
            button={
              <vscode-button appearance="secondary" onClick={() => controller.command('open-config')}>
                Open Config
              </vscode-button>
            }
          >
            {overview.search
              ? `No trigger is known: the config describes none, and a scan of all ${count(overview.classes)} classes found none. Only clean activations are shown, and no attack success rate. Finding nothing does not show that the model is clean.`
              : 'No trigger is known: only clean activations are shown, and no attack success rate. To see what it does, describe it under “trigger” in the config (kind and target class) or have it estimated with "inverted".'}
          </Bar>
        ) : null}
        {subset ? <Bar icon="info">{subset}</Bar> : null}
      </div>
    </>
  );
}

function Events(): JSX.Element {
  const controller = useController();
  const notice = useView((view) => view.notice);
  const failed = useView((view) => view.failed.main);
  const told = useView((view) => view.told);
  const log = (
    <vscode-button appearance="secondary" onClick={() => controller.command('show-log')}>
      Show Log
    </vscode-button>
  );
  return (
    <>
      {notice?.kind === 'changed' ? (
        <Bar icon="warning" button={<vscode-button onClick={() => controller.refresh()}>Refresh</vscode-button>}>
          The model, its config or its data have changed since.
        </Bar>
      ) : null}
      {notice?.kind === 'ended' ? (
        <Bar icon="error" button={log}>
          {notice.failure.message} It is being restarted.
        </Bar>
      ) : null}
      {notice?.kind === 'back' ? (
        <Bar icon="pass" onClose={() => controller.dismiss('notice')}>
          The engine stopped and was restarted.
        </Bar>
      ) : null}
      {failed ? (
        <Bar
          icon="error"
          button={
            <>
              <vscode-button onClick={() => controller.retry('main')}>Try Again</vscode-button>
              {log}
            </>
          }
        >
          {failureText(failed)}
        </Bar>
      ) : null}
      {told ? (
        <Bar icon={told.failed ? 'error' : 'check'} onClose={() => controller.dismiss('told')}>
          {told.message}
        </Bar>
      ) : null}
    </>
  );
}

function Bar({
  icon,
  button,
  onClose,
  children,
}: {
  icon: string;
  button?: JSX.Element;
  onClose?: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="bar">
      <span class={`codicon codicon-${icon}`} aria-hidden="true" />
      <span class="text">{children}</span>
      {button}
      {onClose ? (
        <button type="button" class="fp-icon-button" aria-label="Dismiss" title="Dismiss" onClick={onClose}>
          <span class="codicon codicon-close" aria-hidden="true" />
        </button>
      ) : null}
    </div>
  );
}
