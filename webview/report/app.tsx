import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FromReport, ReportPageState, ToReport } from '../../server/protocol/messages/review-view';
import { withSettings } from '../../server/protocol/report/run-settings';
import type { Host } from '../ui/host';
import { LiveRegion, useLive } from '../ui/live';
import { ActionsContext, type Actions } from './actions';
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

type View = Extract<ToReport, { type: 'view' }>;
type Shown = View | Extract<ToReport, { type: 'broken' }>;

/** Units beyond this are none that the inspector can be asked about. */
const MOST_INSPECTED = 65_536;
const SCROLL_REST_MS = 200;
const FIRST_STATE: ReportPageState = { version: 1, open: ['confusion', 'per-class'], scroll: 0 };

/** The page. `onDropped` gets what hears of a message that this page could not take. */
export function App({
  host,
  onDropped,
}: {
  host: Host<ToReport, FromReport, ReportPageState>;
  onDropped(hear: (why: string) => void): void;
}): JSX.Element {
  const { spoken, say } = useLive();
  const [shown, setShown] = useState<Shown | null>(null);
  const [told, setTold] = useState<{ message: string; failed: boolean } | null>(null);
  const [state, setState] = useState<ReportPageState>(() => host.state.get() ?? FIRST_STATE);
  const latest = useRef(state);
  const spokenOf = useRef('');

  const keep = (change: Partial<ReportPageState>): void => {
    latest.current = { ...latest.current, ...change };
    host.state.set(latest.current);
  };

  useEffect(() => {
    onDropped((why) =>
      setShown({
        type: 'broken',
        name: 'The report',
        failure: {
          kind: 'input',
          code: 'page.message',
          message: `It holds something that this page can’t show (${why}).`,
          todo: 'Open it as text.',
        },
      }),
    );
    const end = host.listen((message) => {
      if (message.type === 'told') {
        setTold(message);
        say(message.message, message.failed);
        return;
      }
      setShown(message);
      setTold(null);
      // A view comes with every edit of the text: what is the same is not read again.
      const text = message.type === 'view' ? spokenText(message) : `${message.name}: ${message.failure.message}`;
      if (text !== spokenOf.current) say(text, message.type === 'broken');
      spokenOf.current = text;
    });
    host.post({ type: 'ready' });
    return end;
  }, []);

  // Where the person was, once there is something to scroll.
  const drawn = shown?.type === 'view';
  useEffect(() => {
    if (!drawn) return undefined;
    const frame = requestAnimationFrame(() => window.scrollTo({ top: latest.current.scroll }));
    let resting: ReturnType<typeof setTimeout> | undefined;
    const onScroll = (): void => {
      clearTimeout(resting);
      resting = setTimeout(() => keep({ scroll: Math.max(0, Math.round(window.scrollY)) }), SCROLL_REST_MS);
    };
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(resting);
      window.removeEventListener('scroll', onScroll);
    };
  }, [drawn]);

  const possible = shown?.type === 'view' && shown.local && shown.trusted;
  const actions = useMemo<Actions>(
    () => ({
      inspect: possible
        ? (layer, unit) =>
            (unit === undefined || unit < MOST_INSPECTED) &&
            host.post({ type: 'inspect', layer, ...(unit !== undefined && { unit }) })
        : null,
      accept: possible ? (issue) => host.post({ type: 'accept', issue }) : null,
      run: possible ? () => host.post({ type: 'command', command: 'run' }) : null,
      command: (command) => host.post({ type: 'command', command }),
      save: (exported) => host.post({ type: 'export', ...exported }),
      say,
      isOpen: (section) => state.open.includes(section),
      setOpen: (section, open) => {
        if (latest.current.open.includes(section) === open) return;
        keep({ open: open ? [...latest.current.open, section] : latest.current.open.filter((one) => one !== section) });
        setState(latest.current);
      },
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

/** What is said of a report when it comes. */
function spokenText({
  name,
  view: {
    report: { verdict },
    settings = [],
  },
}: View): string {
  return `${name}: ${[verdict.word, withSettings(settings)].filter(Boolean).join(' ')}. ${verdict.sentence}`;
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
