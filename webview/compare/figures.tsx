import type { JSX } from 'preact';
import type { Gate } from '../../server/protocol/report/report';
import type { FigureChange, ReportComparison } from '../../server/protocol/report/comparison';
import { RateCell } from '../report/sections/figures-section';
import { Icon, Scroll, Section } from '../report/sections/parts';
import { gateShare, gateSign } from '../report/words';
import { changeSign, limitSign, type ChangeSign } from './words';
import { limitWords, pWords, points, pointsOf } from '../../server/protocol/words';
import { FIGURE_TITLES, GATE_TITLES, whichEstimated } from '../../server/protocol/report/words';

export const ChangeWord = ({ sign: { icon, text } }: { sign: ChangeSign }): JSX.Element => (
  <span class="signed">
    <Icon name={icon} /> {text}
  </span>
);

type Estimated = ReturnType<typeof whichEstimated>;

/** Under the name of a figure: that it is on a trigger nobody has seen, and on which side. */
const OnEstimate = ({ of }: { of: Estimated }): JSX.Element | null =>
  of ? (
    <span class="below quiet">
      {of === 'all' ? '' : `${of}: `}on an <em>estimated</em> trigger
    </span>
  ) : null;

const STAGES = [
  ['after', 'Defended model'],
  ['before', 'Input model'],
] as const;

/** The figures of both models in both reports, with the difference and whether it is more than noise. */
export function FiguresSection({
  figures,
  estimated,
  without,
}: {
  figures: readonly FigureChange[];
  /** Whose trigger is but estimated. */ estimated: Estimated;
  /** The side that has no report. */ without: 'base' | 'head' | null;
}): JSX.Element {
  return (
    <Section title="Figures">
      <Scroll label="Figures of base and head">
        <table class="rows figures">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="fp-right">
                Base
              </th>
              <th scope="col" class="fp-right">
                Head
              </th>
              <th scope="col" class="fp-right">
                Difference
              </th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          {STAGES.map(([stage, title]) => (
            <tbody key={stage}>
              <tr>
                <th scope="rowgroup" colSpan={5} class="group">
                  {title}
                </th>
              </tr>
              {figures
                .filter((figure) => figure.stage === stage)
                .map((change) => (
                  <tr key={change.figure}>
                    <th scope="row">
                      {FIGURE_TITLES[change.figure]}
                      {change.figure === 'cleanAccuracy' ? null : <OnEstimate of={estimated} />}
                    </th>
                    <RateCell rate={change.base} {...(without === 'base' && { none: 'no report' })} />
                    <RateCell rate={change.head} {...(without === 'head' && { none: 'no report' })} />
                    <td class="fp-right">{change.delta === null ? '–' : points(change.delta)}</td>
                    <td>
                      <ChangeWord sign={changeSign(change)} />
                      {change.pValue === null ? null : <span class="quiet below">{pWords(change.pValue)}</span>}
                    </td>
                  </tr>
                ))}
            </tbody>
          ))}
        </table>
      </Scroll>
      <p class="quiet">
        Below each share: its 95 % Wilson interval and count. p: Fisher’s exact test, two-sided; 0.05 or more counts as
        noise. Variation from seed to seed is not included.
      </p>
    </Section>
  );
}

/** Limits and outcomes in both reports. */
export function GatesSection({
  gates,
  estimated,
}: {
  gates: ReportComparison['gates'];
  estimated: Estimated;
}): JSX.Element {
  return (
    <Section title="Gates">
      <Scroll label="Gates of base and head">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Gate</th>
              <th scope="col">Base</th>
              <th scope="col">Head</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {gates.map((gate) => {
              const limit = limitSign(gate);
              const turned = gate.base && gate.head && gate.base.met !== gate.head.met;
              return (
                <tr key={gate.id}>
                  <th scope="row">
                    {GATE_TITLES[gate.id]}
                    {gate.id === 'maxAttackSuccessRate' ? <OnEstimate of={estimated} /> : null}
                  </th>
                  <GateCell gate={gate.base} />
                  <GateCell gate={gate.head} />
                  <td>
                    {turned ? (
                      <div>
                        <ChangeWord
                          sign={
                            gate.head?.met ? { icon: 'pass', text: 'Met now' } : { icon: 'error', text: 'Missed now' }
                          }
                        />
                      </div>
                    ) : null}
                    {limit ? (
                      <div>
                        <ChangeWord sign={limit} />
                      </div>
                    ) : null}
                    {!turned && !limit ? 'None' : null}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function GateCell({ gate }: { gate: Gate | null }): JSX.Element {
  if (!gate) return <td class="quiet">none</td>;
  return (
    <td>
      <ChangeWord sign={gateSign(gate, false)} />
      <span class="quiet below">
        {gateShare(gate.id, gate.judged)}, limit{' '}
        {gate.id === 'maxAccuracyDrop' ? pointsOf(gate.limit) : limitWords(gate.limit)}
      </span>
    </td>
  );
}
