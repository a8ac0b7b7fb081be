import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IssueId, ReviewedIssue } from '../../../server/protocol/report/review';
import { useActions } from '../actions';
import { Icon, Section } from './parts';
import { decisionText } from '../words';
import { count } from '../../../server/protocol/words';

const SEVERITIES = {
  error: { icon: 'error', word: 'Error' },
  warning: { icon: 'warning', word: 'Warning' },
  information: { icon: 'info', word: 'Information' },
} as const;
const MOST_SHOWN = 100;

/** Missed gates and findings, most serious first, with what was decided about each. */
export function FindingsSection({ issues }: { issues: readonly ReviewedIssue[] }): JSX.Element {
  const actions = useActions();
  const list = useRef<HTMLUListElement>(null);
  const [asked, setAsked] = useState<IssueId | null>(null);
  const shown = issues.slice(0, MOST_SHOWN);
  useEffect(() => {
    // The button that was used goes with the decision: the finding gets the focus instead.
    const at = asked === null ? -1 : shown.findIndex(({ id, status }) => id === asked && status === 'accepted');
    if (at < 0) return;
    setAsked(null);
    list.current?.querySelectorAll<HTMLElement>('.finding')[at]?.focus();
    actions.say(`Accepted: ${asked}`);
  }, [issues]);
  return (
    <Section title="Findings">
      {issues.length === 0 ? <p>No finding weakens this result, and no gate is missed.</p> : null}
      <ul class="findings" ref={list}>
        {shown.map((issue) => {
          const decision = decisionText(issue);
          const { icon, word } = SEVERITIES[issue.severity];
          return (
            <li key={issue.pointer} class={`finding ${issue.status}`} tabIndex={-1}>
              <p>
                <Icon name={icon} /> <strong>{word}</strong> <code>{issue.id}</code>
              </p>
              <p>{issue.message}</p>
              {decision ? (
                <p class="decision">
                  <Icon name={decision.icon} /> <bdi>{decision.text}</bdi>:{' '}
                  <q>
                    <bdi>{decision.reason}</bdi>
                  </q>
                </p>
              ) : null}
              {issue.status !== 'accepted' && actions.accept ? (
                <vscode-button
                  appearance="secondary"
                  aria-label={`Accept ${issue.id} …`}
                  onClick={() => {
                    setAsked(issue.id);
                    actions.accept?.(issue.id);
                  }}
                >
                  Accept …
                </vscode-button>
              ) : null}
            </li>
          );
        })}
      </ul>
      {shown.length < issues.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(issues.length)} findings. See the text for all of them.
        </p>
      ) : null}
    </Section>
  );
}
