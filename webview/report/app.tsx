import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FromReport, ReportPageState, ToReport } from '../../server/protocol/messages/report-view';
import { MOST_NAMED_UNITS } from '../../server/protocol/shape/shape';
import type { Host } from '../ui/host';
import { LiveRegion, useLive } from '../ui/live';
import { ActionsContext, type Actions } from './actions';
import { useKeptState } from './kept-state';
import { ClassesSection } from './sections/classes-section';
import { CurveSection } from './sections/curve-section';
import { FiguresSection, GatesSection } from './sections/figures-section';
import { FindingsSection } from './sections/findings-section';
import { Bar, Broken } from './sections/parts';
import { ProofSection } from './sections/proof-section';
import { Provenance } from './sections/provenance';
import { RepairsSection } from './sections/repairs-section';
import { ScanSection } from './sections/scan-section';
import { Summary } from './sections/summary';
import { UnitsSection } from './sections/units-section';
import { useShown, type View } from './shown';

/** The page. `onDropped` gets what hears of a message that this page could not take. */
export function App({
  host,
  onDropped,
}: {
  host: Host<ToReport, FromReport, ReportPageState>;
  onDropped(hear: (why: string) => void): void;
}): JSX.Element {
  const { spoken, say } = useLive();
  const { shown, told } = useShown(host, onDropped, say);
  const { state, setOpen } = useKeptState(host, shown?.type === 'view');

  const possible = shown?.type === 'view' && shown.local && shown.trusted;
  const actions = useMemo<Actions>(
    () => ({
      inspect: possible
        ? (layer, unit) =>
            (unit === undefined || unit < MOST_NAMED_UNITS) &&
            host.post({ type: 'inspect', layer, ...(unit !== undefined && { unit }) })
        : null,
      accept: possible ? (issue) => host.post({ type: 'accept', issue }) : null,
      run: possible ? () => host.post({ type: 'command', command: 'run' }) : null,
      command: (command) => host.post({ type: 'command', command }),
      save: (exported) => host.post({ type: 'export', ...exported }),
      say,
      isOpen: (section) => state.open.includes(section),
      setOpen,
    }),
    [possible, state],
  );

  return (
    <ActionsContext.Provider value={actions}>
      <LiveRegion spoken={spoken} />
      {!shown ? <p class="quiet">Reading the report …</p> : null}
      {shown?.type === 'broken' ? (
        <Broken title={`${shown.name} can’t be shown`} failure={shown.failure}>
          <vscode-button onClick={() => actions.command('open-text')}>Open Text</vscode-button>
          {shown.failure.kind === 'engine' ? (
            <vscode-button appearance="secondary" onClick={() => actions.command('show-log')}>
              Show Log
            </vscode-button>
          ) : null}
        </Broken>
      ) : null}
      {told ? (
        <Bar icon={told.failed ? 'error' : 'check'}>
          <span>{told.message}</span>
        </Bar>
      ) : null}
      {shown?.type === 'view' ? <Page {...shown} /> : null}
    </ActionsContext.Provider>
  );
}

function Page({ name, view: { report, issues, changed, settings = [] }, local }: View): JSX.Element {
  return (
    <>
      <Summary name={name} report={report} changed={changed} settings={settings} local={local} />
      <GatesSection report={report} issues={issues} />
      <FiguresSection report={report} />
      <FindingsSection issues={issues} />
      <ScanSection report={report} />
      <RepairsSection report={report} />
      <ProofSection report={report} />
      <CurveSection report={report} />
      <ClassesSection report={report} />
      <UnitsSection report={report} />
      <Provenance report={report} />
    </>
  );
}
