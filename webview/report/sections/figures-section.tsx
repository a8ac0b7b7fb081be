import { stagesOf, type Stage } from '../../../server/protocol/report/confusion';
import type { JSX } from 'preact';
import type { DefenseReport, Gate, McNemar, Rate } from '../../../server/protocol/report/report';
import type { ReviewedIssue } from '../../../server/protocol/report/review';
import { otherAim, sentTo } from '../other-class';
import { Scroll, Section, Signed } from './parts';
import {
  acceptedPlaces,
  boundText,
  figure,
  gateShare,
  gateSign,
  gateTitle,
  hitsText,
  intervalText,
  missedWithin,
  pairedText,
  signedFigure,
} from '../words';
import { limitWords, points, pointsOf, count } from '../../../server/protocol/words';
import { FIGURE_TITLES, isEstimated } from '../../../server/protocol/report/words';

/** Each limit, what was measured, what was held against the limit, and the outcome. */
export function GatesSection({
  report,
  issues,
}: {
  report: DefenseReport;
  issues: readonly ReviewedIssue[];
}): JSX.Element {
  const accepted = acceptedPlaces(issues);
  return (
    <Section title="Gates">
      <Scroll label="Gates">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Gate</th>
              <th scope="col">Result</th>
              <th scope="col" class="fp-right">
                Limit
              </th>
              <th scope="col" class="fp-right">
                Measured
              </th>
              <th scope="col" class="fp-right">
                Judged by
              </th>
            </tr>
          </thead>
          <tbody>
            {report.gates.map((gate, at) => (
              <tr key={at}>
                <th scope="row">
                  {gateTitle(gate)}
                  {gate.id === 'maxAttackSuccessRate' ? <OnEstimate report={report} /> : null}
                </th>
                <td>
                  <Signed sign={gateSign(gate, accepted.has(`/gates/${at}`))} />
                  <Within gate={gate} report={report} />
                </td>
                <td class="fp-right nowrap">
                  ≤ {gate.id === 'maxAccuracyDrop' ? pointsOf(gate.limit) : limitWords(gate.limit)}
                </td>
                <td class="fp-right">{gateShare(gate.id, gate.measured)}</td>
                <td class="fp-right">
                  {gateShare(gate.id, gate.judged)}
                  {gate.id === 'maxAttackSuccessRate' && gate.judged !== null ? (
                    <span class="quiet below free">{boundText(gate)}</span>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

/** Under a missed gate whose figure is within the limit: why it is missed all the same. */
function Within({ gate, report }: { gate: Gate; report: DefenseReport }): JSX.Element | null {
  const within = missedWithin(gate, report);
  return within ? <span class="quiet below free">{within}</span> : null;
}

const FIGURES = ['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy'] as const;

/** The three figures at the three stages, with intervals and counts. */
export function FiguresSection({ report }: { report: DefenseReport }): JSX.Element {
  const { stages, comparison, repaired } = report;
  const aim = otherAim(report);
  const paired: Record<(typeof FIGURES)[number], McNemar | null> = {
    cleanAccuracy: comparison.cleanAccuracy,
    attackSuccessRate: comparison.attackSuccess,
    robustAccuracy: null,
  };
  return (
    <Section title="Figures">
      <Scroll label="Figures at each stage">
        <table class="rows figures">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="fp-right">
                Before
              </th>
              <th scope="col" class="fp-right">
                Pruned
              </th>
              <th scope="col" class="fp-right">
                Fine-tuned
              </th>
              <th scope="col" class="fp-right">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {FIGURES.map((name) => {
              const [before, after] = [stages.before[name], stages.after[name]];
              const test = paired[name];
              return (
                <tr key={name}>
                  <th scope="row">
                    {FIGURE_TITLES[name]}
                    {name === 'attackSuccessRate' && report.trigger ? (
                      <span class="below quiet">class {report.trigger.target}, the target</span>
                    ) : null}
                    {name === 'cleanAccuracy' ? null : <OnEstimate report={report} />}
                  </th>
                  <RateCell rate={before} />
                  {repaired ? <RateCell rate={stages.pruned[name]} /> : <td class="fp-right">–</td>}
                  {repaired ? <RateCell rate={after} strong /> : <td class="fp-right">–</td>}
                  <td class="fp-right">
                    {repaired && before && after ? points(after.rate - before.rate) : '–'}
                    {repaired && test
                      ? pairedText(test, name === 'cleanAccuracy' ? 'right' : 'attacks')
                          .split(': ')
                          .map((line) => (
                            <span key={line} class="quiet below free">
                              {line}
                            </span>
                          ))
                      : null}
                  </td>
                </tr>
              );
            })}
            <OtherClassRow report={report} />
            <EffectRows report={report} />
          </tbody>
        </table>
      </Scroll>
      <p class="quiet">
        Below each share: its 95 % Wilson interval and count. Change: before to fine-tuned on the same images, by
        McNemar’s exact test. ASR: triggered inputs, their true class not the target, classified as the target. Robust
        accuracy: those same inputs classified as their true class.
        {aim === null
          ? ''
          : ` Sent to class ${aim}, net: images that are not of class ${aim} and go there with the trigger, minus those that do so without it.`}
        {isEstimated(report)
          ? ' The trigger was estimated from the model by trigger inversion: the attacker’s own, which is unknown, may do more.'
          : ''}
        {repaired ? '' : ' The model was measured and not repaired.'}
      </p>
    </Section>
  );
}

/** The class that most images go to with the trigger, where that is not its target. */
function OtherClassRow({ report }: { report: DefenseReport }): JSX.Element | null {
  const aim = otherAim(report);
  if (aim === null) return null;
  const { repaired } = report;
  const stages = stagesOf(report);
  const [first, last] = [sentTo(aim, stages.before), sentTo(aim, stages.after)];
  const cell = (stage: Stage): JSX.Element => {
    const sent = sentTo(aim, stage);
    return (
      <td class="fp-right">
        {sent ? (
          <>
            {signedFigure(sent.share)}
            <span class="quiet below">of {count(sent.of)}</span>
          </>
        ) : (
          'not measured'
        )}
      </td>
    );
  };
  return (
    <tr>
      <th scope="row">
        Sent to class {aim}
        <span class="below quiet">by the trigger, net</span>
      </th>
      {cell(stages.before)}
      {repaired ? (
        <>
          {cell(stages.pruned)}
          {cell(stages.after)}
        </>
      ) : (
        <>
          <td class="fp-right">–</td>
          <td class="fp-right">–</td>
        </>
      )}
      <td class="fp-right">{repaired && first && last ? points(last.share - first.share) : '–'}</td>
    </tr>
  );
}

/** What the ASR has to be read against: images that go to the target anyway, and what the trigger makes wrong. */
function EffectRows({ report: { stages, trigger, repaired } }: { report: DefenseReport }): JSX.Element | null {
  const { before, pruned, after } = stages;
  if (!trigger || !before.effect) return null;
  const shown = repaired ? [before, pruned, after] : [before];
  const rest = repaired ? null : (
    <>
      <td class="fp-right">–</td>
      <td class="fp-right">–</td>
    </>
  );
  const [first, last] = [before.effect, after.effect];
  return (
    <>
      <tr>
        <th scope="row">
          Base rate
          <span class="below quiet">
            class {trigger.target} without the trigger
            {first.classes === null ? ', weighted by the samples’ classes' : ''}
          </span>
        </th>
        {shown.map(({ effect }, at) => (
          <RateCell
            key={at}
            rate={effect?.baseRate ?? null}
            rests={effect?.classes === null ? 'weighted' : undefined}
          />
        ))}
        {rest}
        <td class="fp-right">{repaired && last ? points(last.baseRate.rate - first.baseRate.rate) : '–'}</td>
      </tr>
      <tr>
        <th scope="row">
          Made wrong by the trigger<span class="below quiet">net, of all test images</span>
        </th>
        {shown.map(({ effect }, at) => (
          <td key={at} class="fp-right">
            {effect ? signedFigure(effect.netWrong) : 'not measured'}
          </td>
        ))}
        {rest}
        <td class="fp-right">{repaired && last ? points(last.netWrong - first.netWrong) : '–'}</td>
      </tr>
    </>
  );
}

/** Under the name of a figure: that it is on a trigger nobody has seen. */
export const OnEstimate = ({ report }: { report: Pick<DefenseReport, 'trigger'> }): JSX.Element | null =>
  isEstimated(report) ? (
    <span class="below quiet">
      on the <em>estimated</em> trigger
    </span>
  ) : null;

/** @param none what stands there without a rate */
export function RateCell({
  rate,
  strong,
  none = 'not measured',
  rests,
}: {
  rate: (Pick<Rate, 'rate' | 'hits' | 'of'> & Partial<Rate>) | null;
  strong?: boolean;
  none?: string;
  rests?: string | undefined;
}): JSX.Element {
  if (!rate) return <td class="fp-right quiet">{none}</td>;
  return (
    <td class="fp-right">
      {strong ? <strong>{figure(rate.rate)}</strong> : figure(rate.rate)}
      <span class="quiet below rests">
        {rate.low === undefined || rate.high === undefined ? null : (
          <span>{intervalText({ low: rate.low, high: rate.high })}</span>
        )}{' '}
        <span>{rests ?? hitsText(rate)}</span>
      </span>
    </td>
  );
}
