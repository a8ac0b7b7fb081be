import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  classesOf,
  classRate,
  cleanConfusion,
  triggeredConfusion,
  type Confusion,
  stagesOf,
} from '../../../server/protocol/report/confusion';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { ChartTable } from '../../ui/charts/figure';
import { useActions } from '../actions';
import { shownClasses } from '../derive';
import { ConfusionMatrix } from './confusion-matrix';
import { Folded } from './folded';
import { RateCell } from './figures-section';
import { SaveTable, Scroll } from './parts';
import { count, points } from '../../../server/protocol/words';
import { isEstimated } from '../../../server/protocol/report/words';

const MOST_CLASSES = 40;

interface Props {
  report: DefenseReport;
  /** Those that are shown. */
  classes: readonly number[];
  /** What says that they are not all. */
  cut: JSX.Element | null;
  /** The trigger's target. */
  target: number | null;
}

/** What each class was taken for, before and after, and its accuracy. */
export function ClassesSection({ report }: { report: DefenseReport }): JSX.Element {
  const { trigger } = report;
  const stages = stagesOf(report);
  const target = trigger?.target ?? null;
  const classes = useMemo(() => shownClasses([stages.before, stages.after], MOST_CLASSES, target), [report]);
  const of = classesOf(report);
  const cut =
    classes.length < of ? (
      <p class="quiet">
        {count(classes.length)} of {count(of)} classes: those with the most errors. Save a table as CSV for all.
      </p>
    ) : null;
  const props = { report, classes, cut, target };
  return (
    <>
      <Matrices {...props} />
      <PerClass {...props} />
    </>
  );
}

function Matrices({ report, classes, cut, target }: Props): JSX.Element {
  const { repaired } = report;
  const stages = stagesOf(report);
  const estimated = isEstimated(report) ? ' (estimated trigger)' : '';
  const matrices: [string, string, Confusion | null][] = [
    ['Clean images, before', 'clean-before', cleanConfusion(stages.before)],
    ['Clean images, after', 'clean-after', repaired ? cleanConfusion(stages.after) : null],
    [`Triggered images${estimated}, before`, 'triggered-before', triggeredConfusion(stages.before)],
    [`Triggered images${estimated}, after`, 'triggered-after', repaired ? triggeredConfusion(stages.after) : null],
  ];
  return (
    <Folded id="confusion" title="Confusion matrices">
      {cut}
      <div class="matrices">
        {matrices.map(
          ([title, name, matrix]) =>
            matrix && (
              <ConfusionMatrix
                key={name}
                title={title}
                name={`confusion-${name}`}
                matrix={matrix}
                classes={classes}
                target={target}
              />
            ),
        )}
      </div>
      <p class="quiet">
        Rows: true class. Columns: predicted class. A cell’s shade is its share of the row.
        {target === null
          ? ''
          : ` ◂ marks the trigger’s target, class ${target}; triggered images of that class are not counted.`}
      </p>
    </Folded>
  );
}

function PerClass({ report, classes, cut, target }: Props): JSX.Element {
  const { repaired } = report;
  const stages = stagesOf(report);
  const { save } = useActions();
  return (
    <Folded id="per-class" title="Accuracy by class">
      <div class="heading">
        {cut ?? <span />}
        <SaveTable
          label="accuracy by class"
          name="accuracy-by-class"
          table={() => perClassTable(report)}
          onSave={save}
        />
      </div>
      <Scroll label="Accuracy by class" tall>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col" class="fp-right">
                Before
              </th>
              <th scope="col" class="fp-right">
                After
              </th>
              <th scope="col" class="fp-right">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {classes.map((one) => {
              const [before, after] = [classRate(stages.before, one), repaired ? classRate(stages.after, one) : null];
              return (
                <tr key={one}>
                  <th scope="row">
                    {one}
                    {one === target ? <span class="quiet"> target</span> : null}
                  </th>
                  <RateCell rate={before} />
                  <RateCell rate={after} />
                  <td class="fp-right">{before && after ? points(after.rate - before.rate) : '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Folded>
  );
}

function perClassTable(report: DefenseReport): ChartTable {
  const { repaired } = report;
  const stages = stagesOf(report);
  const columns = [
    { name: 'before', stage: stages.before },
    ...(repaired ? [{ name: 'after', stage: stages.after }] : []),
  ];
  const cells = columns.flatMap(({ name, stage }) =>
    (['rate', 'hits', 'of'] as const).map((key) => ({
      label: `${name} ${key}`,
      of: (row: number) => classRate(stage, row)[key],
    })),
  );
  return {
    columns: ['class', ...cells.map(({ label }) => label)].map((label) => ({ label, align: 'right' })),
    rows: classesOf(report),
    cell: (row, column) => (column === 0 ? row : (cells[column - 1]?.of(row) ?? null)),
  };
}
