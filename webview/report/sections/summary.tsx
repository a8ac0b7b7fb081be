import type { JSX } from 'preact';
import type { DefenseReport } from '../../../server/protocol/report/report';
import {
  recordedSettings,
  settingsText,
  withSettings,
  type RunSetting,
} from '../../../server/protocol/report/run-settings';
import { useActions } from '../actions';
import { Bar, Icon } from './parts';
import { answers, formerNotice, staleText, verdictSign } from '../words';

/** A percentage is one word, on however narrow a card. */
const unbroken = (text: string): string => text.replaceAll(' %', '\u00a0%');

interface Props {
  name: string;
  report: DefenseReport;
  /** What has changed since, null where that is not known. */
  changed: string[] | null;
  settings: readonly RunSetting[];
  /** Whether it is the file of the working tree. */
  local: boolean;
}

/** The verdict, and what a reviewer wants to know first: is it gone, what did it cost, how do we know. */
export function Summary(props: Props): JSX.Element {
  const { name, report, settings } = props;
  const { icon, text } = verdictSign(report.verdict.word);
  return (
    <header>
      <p class="quiet name">
        Defense report · <bdi>{name}</bdi>
      </p>
      <h1 class="verdict">
        <Icon name={icon} /> {text}
        {settings.length ? <span class="quiet"> {withSettings(settings)}</span> : null}
      </h1>
      <p class="sentence">{report.verdict.sentence}</p>
      <Notices {...props} />
      <Answers report={report} />
      <Buttons {...props} />
    </header>
  );
}

/** What a person should know before they trust the verdict. */
function Notices({ name, report, changed, settings, local }: Props): JSX.Element {
  const actions = useActions();
  const stale = staleText(changed, report, name);
  const former = formerNotice(changed, report, name);
  // Beside no config, only what the report itself says is known.
  const recorded = changed === null ? recordedSettings(report) : [];
  return (
    <div class="notices">
      {stale ? (
        <Bar icon="warning">
          <span>{stale}</span>
          {actions.run ? (
            <vscode-button appearance="secondary" onClick={actions.run}>
              Run Again
            </vscode-button>
          ) : null}
        </Bar>
      ) : null}
      {former ? (
        <Bar icon="info">
          <span>{former}</span>
        </Bar>
      ) : null}
      {settings.length ? (
        <Bar icon="warning">
          <span>{settingsText(settings)}</span>
        </Bar>
      ) : null}
      {recorded.length ? (
        <Bar icon="info">
          <span>This report was made with settings from the command line: {recorded.join(', ')}.</span>
        </Bar>
      ) : null}
      {changed === null ? (
        <Bar icon="info">
          <span>
            {local
              ? 'It is not known whether the model, config or data have changed since.'
              : 'This is not the file in the working tree: whether the model, config and data match it was not checked.'}
          </span>
        </Bar>
      ) : null}
    </div>
  );
}

function Answers({ report }: Pick<Props, 'report'>): JSX.Element {
  return (
    <ul class="answers">
      {answers(report).map(({ question, icon: sign, answer, detail }) => (
        <li key={question}>
          <span class="quiet">{question}</span>
          <strong>
            <Icon name={sign} /> {unbroken(answer)}
          </strong>
          <span class="quiet">{detail}</span>
        </li>
      ))}
    </ul>
  );
}

function Buttons({ report, changed, local }: Props): JSX.Element {
  const actions = useActions();
  return (
    <div class="buttons" role="group" aria-label="Report">
      {actions.inspect ? (
        <vscode-button onClick={() => actions.inspect?.(report.layer.name)}>Inspect</vscode-button>
      ) : null}
      {actions.run && !changed?.length ? (
        <vscode-button appearance="secondary" onClick={actions.run}>
          Run Again
        </vscode-button>
      ) : null}
      <vscode-button appearance="secondary" onClick={() => actions.command('compare')}>
        Compare with …
      </vscode-button>
      <vscode-button appearance="secondary" onClick={() => actions.command('open-text')}>
        Open Text
      </vscode-button>
      {local ? (
        <vscode-button appearance="secondary" onClick={() => actions.command('open-config')}>
          Open Config
        </vscode-button>
      ) : null}
    </div>
  );
}
