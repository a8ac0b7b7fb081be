import type { ComponentChildren, JSX } from 'preact';
import type { Failure } from '../../../server/protocol/errors';
import { useController } from '../state/context';
import type { Part } from '../state/store';
import { failureText, faultyPlace } from '../words/words';

/** A state of the whole page that is not its content. */
export function Message({
  icon,
  title,
  text,
  place,
  children,
}: {
  icon: string;
  title: string;
  text: string;
  place?: string | null;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="message">
      <h1>
        <span class={`codicon codicon-${icon}`} aria-hidden="true" /> {title}
      </h1>
      <p>{text}</p>
      {place ? <p class="quiet">{place}</p> : null}
      <div class="buttons">{children}</div>
    </div>
  );
}

/** Nothing can be shown: whose fault it is decides what is offered first. */
export function Failed({ failure, name }: { failure: Failure; name: string }): JSX.Element {
  const controller = useController();
  const theirs = failure.kind === 'input';
  if (failure.kind === 'cancelled') {
    return (
      <Message icon="circle-slash" title={`${name} has not been analysed yet`} text={failure.message}>
        <vscode-button onClick={() => controller.retry('main')}>Search Again</vscode-button>
        <vscode-button appearance="secondary" onClick={() => controller.command('open-config')}>
          Open Config
        </vscode-button>
      </Message>
    );
  }
  const again = (
    <vscode-button appearance={theirs ? 'secondary' : 'primary'} onClick={() => controller.retry('main')}>
      Try Again
    </vscode-button>
  );
  return (
    <Message
      icon="error"
      title={theirs ? `${name} can’t be analysed` : 'The engine failed'}
      text={failureText(failure)}
      place={faultyPlace(failure)}
    >
      {theirs ? <vscode-button onClick={() => controller.command('open-config')}>Open Config</vscode-button> : null}
      {again}
      <vscode-button appearance="secondary" onClick={() => controller.command('show-log')}>
        Show Log
      </vscode-button>
    </Message>
  );
}

/** A part of the page could not be answered; the rest stays. */
export function PartFailed({ failure, part }: { failure: Failure; part: Part }): JSX.Element {
  const controller = useController();
  return (
    <div class="part-failed">
      <span>
        <span class="codicon codicon-error" aria-hidden="true" /> {failureText(failure)}
      </span>
      <span class="buttons">
        <vscode-button appearance="secondary" onClick={() => controller.retry(part)}>
          Try Again
        </vscode-button>
        {failure.kind === 'engine' ? (
          <vscode-button appearance="secondary" onClick={() => controller.command('show-log')}>
            Show Log
          </vscode-button>
        ) : null}
      </span>
    </div>
  );
}
