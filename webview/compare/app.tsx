import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ComparePageState, FromCompare, ToCompare } from '../../server/protocol/messages/compare-view';
import type { DefenseReport } from '../../server/protocol/report/report';
import { curvePoints, offCurve } from '../report/derive';
import { Bar, Broken, Icon, Section } from '../report/sections/parts';
import type { Exported } from '../ui/charts/figure';
import type { Host } from '../ui/host';
import { LiveRegion, useLive } from '../ui/live';
import { useWidth } from '../ui/use-width';
import { FindingsSection, SettingsSection, UnitsSection } from './changes';
import { ScansSection } from './scans';
import { CurvesChart, type SideCurve } from './curves-chart';
import { FiguresSection, GatesSection } from './figures';
import { directionSign } from './words';
import { whichEstimated } from '../../server/protocol/report/words';

type Comparison = Extract<ToCompare, { type: 'comparison' }>;
type BrokenMessage = Extract<ToCompare, { type: 'broken' }>;
type Shown = Comparison | BrokenMessage;
type Post = (message: FromCompare) => void;

/** The page. `onDropped` gets what hears of a message that this page could not take. */
export function App({
  host,
  onDropped,
}: {
  host: Host<ToCompare, FromCompare, ComparePageState>;
  onDropped(hear: (why: string) => void): void;
}): JSX.Element {
  const { spoken, say } = useLive();
  const [shown, setShown] = useState<Shown | null>(null);
  const [dropped, setDropped] = useState<string | null>(null);
  const [told, setTold] = useState<{ message: string; failed: boolean } | null>(null);
  useEffect(() => {
    onDropped((why) => {
      setShown(null);
      setDropped(why);
    });
    const end = host.listen((message) => {
      if (message.type === 'told') {
        setTold(message);
        say(message.message, message.failed);
        return;
      }
      host.state.set(message.state);
      setShown(message);
      setDropped(null);
      setTold(null);
      if (message.type === 'comparison')
        say(`${message.name}: ${directionSign(message.comparison).text}. ${message.comparison.sentence}`);
      else say(`${message.name}: ${message.failure.message}`, true);
    });
    host.post({ type: 'ready' });
    return end;
  }, []);
  return (
    <>
      <LiveRegion spoken={spoken} />
      {!shown && dropped === null ? <p class="quiet">Comparing …</p> : null}
      {!shown && dropped !== null ? (
        <Broken
          title="The comparison can’t be shown"
          failure={{
            kind: 'input',
            code: 'page.message',
            message: `It contains something that this page can’t show (${dropped}).`,
            todo: 'Compare the texts.',
          }}
        >
          <vscode-button onClick={() => host.post({ type: 'command', command: 'text-diff' })}>Text Diff</vscode-button>
        </Broken>
      ) : null}
      {told ? (
        <Bar icon={told.failed ? 'error' : 'check'}>
          <span>{told.message}</span>
        </Bar>
      ) : null}
      {shown?.type === 'broken' ? <BrokenSide message={shown} post={host.post} /> : null}
      {shown?.type === 'comparison' ? <Page message={shown} post={host.post} /> : null}
    </>
  );
}

function BrokenSide({
  message: { name, labels, side, failure, state },
  post,
}: {
  message: BrokenMessage;
  post: Post;
}): JSX.Element {
  const title = side === null ? `${name} can’t be compared` : `The ${side} of ${name} can’t be read`;
  return (
    <Broken title={title} failure={failure} about={<Labels labels={labels} marked={side} />}>
      <Buttons state={state} post={post} />
      {failure.kind === 'engine' ? (
        <vscode-button appearance="secondary" onClick={() => post({ type: 'command', command: 'show-log' })}>
          Show Log
        </vscode-button>
      ) : null}
    </Broken>
  );
}

/** Which two are held against each other, and how. */
function Labels({
  labels,
  marked,
}: {
  labels: { base: string; head: string };
  marked?: 'base' | 'head' | null;
}): JSX.Element {
  return (
    <p class="labels">
      <span class="quiet">Base</span> <bdi>{labels.base}</bdi>
      {marked === 'base' ? ' (not readable)' : ''} <Icon name="arrow-right" /> <span class="quiet">Head</span>{' '}
      <bdi>{labels.head}</bdi>
      {marked === 'head' ? ' (not readable)' : ''}
    </p>
  );
}

function Buttons({ state, post }: { state: ComparePageState; post: Post }): JSX.Element {
  return (
    <>
      {state.base ? (
        <vscode-button appearance="secondary" onClick={() => post({ type: 'open', side: 'base' })}>
          Open Base
        </vscode-button>
      ) : null}
      {state.head ? (
        <vscode-button appearance="secondary" onClick={() => post({ type: 'open', side: 'head' })}>
          Open Head
        </vscode-button>
      ) : null}
      {state.base && state.head ? (
        <vscode-button appearance="secondary" onClick={() => post({ type: 'command', command: 'text-diff' })}>
          Text Diff
        </vscode-button>
      ) : null}
    </>
  );
}

function Page({
  message: { name, labels, state, comparison },
  post,
}: {
  message: Comparison;
  post: Post;
}): JSX.Element {
  const { base, head, sentence, caveats, figures, gates, findings, units, settings, scans } = comparison;
  const { icon, text } = directionSign(comparison);
  const alone = !base || !head;
  const estimated = whichEstimated({ base, head });
  return (
    <>
      <header>
        <p class="quiet name">
          Defense reports compared · <bdi>{name}</bdi>
        </p>
        <h1>
          <Icon name={icon} /> {text}
        </h1>
        <p class="sentence">{sentence}</p>
        <Labels labels={labels} />
        <div class="notices">
          {alone ? (
            <Bar icon="info">
              <span>
                {head
                  ? 'There is no report in the base to compare it with.'
                  : 'There is no report in the head: it was deleted.'}
              </span>
            </Bar>
          ) : null}
          {caveats.slice(0, 20).map((caveat, at) => (
            <Bar key={at} icon="warning">
              <span>{caveat}</span>
            </Bar>
          ))}
        </div>
        <div class="buttons" role="group" aria-label="Reports">
          <Buttons state={state} post={post} />
        </div>
      </header>
      <FiguresSection figures={figures} estimated={estimated} without={!base ? 'base' : !head ? 'head' : null} />
      <GatesSection gates={gates} estimated={estimated} />
      <CurvesSection base={base} head={head} onSave={(exported) => post({ type: 'export', ...exported })} />
      <FindingsSection findings={findings} />
      {scans ? <ScansSection scans={scans} base={base !== null} head={head !== null} /> : null}
      <UnitsSection units={units} alone={alone} />
      {alone ? null : <SettingsSection settings={settings} />}
    </>
  );
}

function CurvesSection({
  base,
  head,
  onSave,
}: {
  base: DefenseReport | null;
  head: DefenseReport | null;
  onSave(exported: Exported): void;
}): JSX.Element {
  const [place, width] = useWidth();
  const curves = useMemo(() => {
    const sides: [SideCurve['side'], DefenseReport | null][] = [
      ['base', base],
      ['head', head],
    ];
    return sides.flatMap(([side, report]) => {
      const points = report && curvePoints(report.curve);
      return report && points
        ? [{ side, points, units: report.layer.units, chosen: report.pruning.count, offCurve: offCurve(report) }]
        : [];
    });
  }, [base, head]);
  return (
    <Section title="Pruning curves">
      <div ref={place}>
        {curves.length > 0 ? (
          <CurvesChart curves={curves} width={width} onExport={onSave} />
        ) : (
          <p class="quiet">No curve was measured.</p>
        )}
      </div>
      <p class="quiet">
        Before fine-tuning. A round and a square mark show where each was pruned
        {curves.some((curve) => curve.offCurve)
          ? '; for units that a config names, they are off the lines, which follow the rule'
          : ''}
        .
      </p>
    </Section>
  );
}
