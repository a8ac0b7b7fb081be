import type { JSX } from 'preact';
import type { Confusion } from '../../../server/protocol/report/confusion';
import type { ChartTable } from '../../ui/charts/figure';
import { useActions } from '../actions';
import { heatOf } from '../derive';
import { SaveTable, Scroll } from './parts';
import { count } from '../../../server/protocol/words';

/** One confusion matrix, of the classes that are shown; the CSV has all. */
export function ConfusionMatrix({
  title,
  name,
  matrix,
  classes,
  target,
}: {
  title: string;
  name: string;
  matrix: Confusion;
  classes: readonly number[];
  target: number | null;
}): JSX.Element {
  const { save } = useActions();
  const kind = name.includes('triggered') ? 'triggered' : 'clean';
  const full = (): ChartTable => ({
    columns: ['true class', ...Array.from({ length: matrix.classes }, (_, i) => `predicted ${i}`)].map((label) => ({
      label,
      align: 'right',
    })),
    rows: matrix.classes,
    cell: (row, column) => (column === 0 ? row : matrix.count(row, column - 1)),
  });
  return (
    <div class="matrix-block">
      <div class="heading">
        <h3>{title}</h3>
        <SaveTable label={title} name={name} table={full} onSave={save} />
      </div>
      <Scroll label={`Confusion matrix: ${title}`} tall>
        <table class={`matrix ${kind}`}>
          <thead>
            <tr>
              <td class="corner quiet">true ↓ predicted →</td>
              {classes.map((column) => (
                <th key={column} scope="col" class="fp-right">
                  {column}
                  {column === target ? '◂' : ''}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {classes.map((row) => {
              const heat = heatOf(matrix.of(row));
              return (
                <tr key={row}>
                  <th scope="row" class="fp-right">
                    {row}
                  </th>
                  {classes.map((column) => {
                    const images = matrix.count(row, column);
                    return (
                      <td
                        key={column}
                        class={`fp-right${row === column ? ' right' : ''}${images === 0 ? ' none' : ''}`}
                        style={{ '--heat': heat(images).toFixed(3) }}
                      >
                        {count(images)}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}
