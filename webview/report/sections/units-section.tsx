import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { LayerChart } from '../../ui/charts/layer-chart';
import { formatNumber } from '../../ui/format';
import { useWidth } from '../../ui/use-width';
import { useActions } from '../actions';
import { layerUnits } from '../derive';
import { Icon, Section } from './parts';
import { count, plural, unitWord } from '../../../server/protocol/words';
import { isEstimated } from '../../../server/protocol/report/words';

const FIRST_SHOWN = 200;
const MORE = 1000;

/** What was pruned, in its order; each unit leads to the inspector. */
export function UnitsSection({ report }: { report: DefenseReport }): JSX.Element {
  const { inspect, save } = useActions();
  const [place, width] = useWidth();
  const [most, setMost] = useState(FIRST_SHOWN);
  const { layer, pruning } = report;
  const word = unitWord(layer.kind);
  const data = useMemo(() => layerUnits(report), [report]);
  const none = useMemo(() => new Uint8Array(layer.units), [report]);
  const shown = pruning.units.slice(0, most);
  return (
    <Section
      title={`Pruned ${word}s`}
      tools={
        inspect ? (
          <vscode-button appearance="secondary" onClick={() => inspect(layer.name)}>
            Inspect Layer
          </vscode-button>
        ) : null
      }
    >
      <p>
        {count(pruning.count)} of {plural(layer.units, word)} pruned in <code>{layer.name}</code> ({layer.kind},{' '}
        {layer.activation}){deadText(pruning)}.{ruleText(report)}
        {pruning.amongTriggerRaised === null
          ? ''
          : ` Of the ${plural(pruning.count, word)} that the ${isEstimated(report) ? 'estimated ' : ''}trigger raises most, ${count(pruning.amongTriggerRaised)} were pruned.`}
      </p>
      <ul
        class="chips"
        aria-label={`Pruned ${word}s, ${pruning.ratio === null ? 'as the config names them' : 'in the order of pruning'}`}
      >
        {shown.map((unit) => (
          <li key={unit}>
            <Chip
              unit={unit}
              word={word}
              dead={data.dead[unit] === 1}
              hint={hintOf(report, unit)}
              onInspect={inspect && (() => inspect(layer.name, unit))}
            />
          </li>
        ))}
      </ul>
      {shown.length < pruning.units.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(pruning.units.length)}.{' '}
          {most < FIRST_SHOWN + 3 * MORE ? (
            <vscode-button appearance="secondary" onClick={() => setMost(most + MORE)}>
              Show More
            </vscode-button>
          ) : (
            'See the text for all of them.'
          )}
        </p>
      ) : null}
      <div ref={place}>
        {layer.activations.length > 0 && width > 0 ? (
          <LayerChart
            title={`Mean activation of each ${word}`}
            {...data}
            chosenCount={0}
            selected={none}
            choosable={false}
            orderText={
              pruning.ratio === null ? 'the named ones first, then in the order of the rule' : 'in the order of pruning'
            }
            current={null}
            unitWord={word}
            width={width}
            estimated={isEstimated(report)}
            exportName="layer"
            onExport={save}
            onPick={(unit) => inspect?.(layer.name, unit)}
          />
        ) : null}
      </div>
    </Section>
  );
}

/** By what they were chosen, where that is not the reference's rule. */
function ruleText(report: DefenseReport): string {
  const { pruning, attempts } = report;
  if (pruning.ratio === null && pruning.count > 0) return ' Named in the config.';
  const strategy = attempts?.find(({ chosen }) => chosen)?.strategy;
  if (strategy && pruning.count === 0) return ` The strategy ${strategy} prunes nothing.`;
  const by = strategy ? ` Chosen by the strategy ${strategy}` : '';
  const rule =
    pruning.rule === 'triggered-difference' && pruning.count > 0
      ? `${by ? ', ' : ' Chosen by '}largest rise under the ${isEstimated(report) ? 'estimated ' : ''}trigger first`
      : '';
  return by || rule ? `${by}${rule}.` : '';
}

function deadText({ count: pruned, dead }: DefenseReport['pruning']): string {
  if (pruned === 0) return '';
  return dead === pruned
    ? ', all of them dead anyway'
    : dead === 0
      ? ', none of them dead'
      : `, ${count(dead)} of them dead anyway`;
}

function hintOf({ layer }: DefenseReport, unit: number): string {
  const activation = layer.activations[unit];
  if (!activation) return '';
  const triggered =
    activation.triggeredMean === null ? '' : `, ${formatNumber(activation.triggeredMean)} on triggered ones`;
  return `Mean activation ${formatNumber(activation.cleanMean)} on clean images${triggered}`;
}

function Chip({
  unit,
  word,
  dead,
  hint,
  onInspect,
}: {
  unit: number;
  word: string;
  dead: boolean;
  hint: string;
  onInspect: (() => void) | null;
}): JSX.Element {
  const content = (
    <>
      {unit}
      {dead ? (
        <span class="quiet">
          {' '}
          <Icon name="circle-slash" /> dead
        </span>
      ) : null}
    </>
  );
  if (!onInspect)
    return (
      <span class="chip" title={hint}>
        {content}
      </span>
    );
  return (
    <button
      type="button"
      class="chip"
      title={hint}
      aria-label={`Inspect ${word} ${unit}${dead ? ', dead' : ''}`}
      onClick={onInspect}
    >
      {content}
    </button>
  );
}
