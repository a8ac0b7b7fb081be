import type { JSX } from 'preact';
import { useController } from '../state/context';
import { focusScan } from '../state/focus';
import { CancelSearch, busyText } from './progress';
import { useView } from '../state/store';
import { estimateText, isEstimated, measuredText, whyNoAfter } from '../words/words';
import { capital, plural, unitWord } from '../../../server/protocol/words';

const VERDICT_ICONS: Record<string, string> = {
  mitigated: 'pass',
  'mitigated, estimated trigger only': 'warning',
  'not mitigated': 'error',
  'accuracy lost': 'warning',
  'not measurable': 'question',
  'no effect before': 'question',
};

/** What is looked at, and what the last run found: the one thing that matters stands first. */
export function Header(): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview)!;
  const choice = useView((view) => view.wanted?.layer ?? view.choice.layer);
  const busy = useView((view) => view.busy.main);
  return (
    <header>
      <h1 title={overview.model.path}>{overview.name}</h1>
      <Verdict />
      <Estimate />
      <div class="choices">
        <span class="field">
          <label for="layer">Layer</label>
          <vscode-dropdown
            id="layer"
            aria-label="Layer"
            value={choice ?? ''}
            onChange={(event: Event) =>
              controller.chooseLayer((event.currentTarget as HTMLElement & { value: string }).value)
            }
          >
            {overview.layers.map(({ name, kind, units }) => (
              <vscode-option
                key={name}
                value={name}
                selected={name === choice}
              >{`${name} · ${kind} · ${plural(units, unitWord(kind))}`}</vscode-option>
            ))}
          </vscode-dropdown>
        </span>
        <StateChoice />
        {busy ? (
          <span class="measured">
            <span class="quiet">{busyText(busy)}</span> <CancelSearch busy={busy} />
          </span>
        ) : (
          <span class="quiet measured">
            {measuredText(overview)}{' '}
            <span class="badge" title={`${overview.backend.why} ${overview.backend.version}`}>
              {overview.backend.name === 'native' ? 'native' : 'WASM'}
            </span>
          </span>
        )}
      </div>
    </header>
  );
}

function Verdict(): JSX.Element {
  const controller = useController();
  const { report } = useView((view) => view.overview)!;
  if (!report) {
    return (
      <p class="verdict quiet">
        Not run yet: this is the input model.{' '}
        <button type="button" class="link" onClick={() => controller.command('run')}>
          Run the defense
        </button>
      </p>
    );
  }
  return (
    <p class="verdict">
      <span class={`codicon codicon-${VERDICT_ICONS[report.verdict.word] ?? 'info'}`} aria-hidden="true" />
      <strong>{capital(report.verdict.word)}</strong>
      {report.settings ? ` ${report.settings}, not as in the config` : ''}
      {report.changed.length
        ? ` · stale: ${report.changed.join(', ')} changed since`
        : ` · ${report.verdict.sentence}`}{' '}
      <button type="button" class="link" onClick={() => controller.command('open-report')}>
        Open report
      </button>
    </p>
  );
}

/** Figures on a trigger that nobody knows: what was estimated comes before all that is based on it. */
function Estimate(): JSX.Element | null {
  const overview = useView((view) => view.overview)!;
  if (!isEstimated(overview)) return null;
  return (
    <p class="estimate">
      <span class="badge">estimated trigger</span> {estimateText(overview)}{' '}
      <button type="button" class="link" onClick={focusScan}>
        Evidence
      </button>
    </p>
  );
}

const STATES = [
  ['before', 'Before'],
  ['after', 'After the defense'],
] as const;

/** The model as it came, or the defended one. */
function StateChoice(): JSX.Element {
  const controller = useController();
  const report = useView((view) => view.overview!.report);
  const state = useView((view) => view.wanted?.state ?? view.choice.state);
  const noAfter = whyNoAfter(report);
  return (
    <span
      class="segments"
      role="radiogroup"
      aria-label="State of the model"
      title={noAfter ?? 'The input model or the defended one'}
    >
      {STATES.map(([one, label]) => (
        <button
          key={one}
          type="button"
          class="segment"
          role="radio"
          aria-checked={state === one}
          aria-description={one === 'after' && noAfter !== null ? noAfter : undefined}
          disabled={one === 'after' && noAfter !== null}
          tabIndex={state === one ? 0 : -1}
          onClick={() => controller.chooseState(one)}
          onKeyDown={(event) => {
            if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(event.key) || noAfter !== null) return;
            event.preventDefault();
            event.currentTarget.parentElement?.querySelector<HTMLElement>('[aria-checked="false"]')?.focus();
            controller.chooseState(one === 'before' ? 'after' : 'before');
          }}
        >
          {label}
        </button>
      ))}
    </span>
  );
}
