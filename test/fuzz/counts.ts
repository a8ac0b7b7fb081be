import { repeat, type InputId } from './input';
import { pattern, type Outcome } from './outcome';

/** A fault, with the first input that showed it and how many did. */
export interface Fault {
  readonly what: string;
  readonly first: InputId;
  readonly how: readonly string[];
  count: number;
}

/** What was read of one kind by one way of reading. */
interface Row {
  inputs: number;
  faults: number;
  hangs: number;
  crashes: number;
  peak: number;
  /** Milliseconds of CPU of all together. */
  cpu: number;
  readonly outcomes: Set<string>;
}

/** What came of all inputs. */
export class Counts {
  private readonly rows = new Map<string, Row>();
  readonly distinct = new Map<string, Fault>();
  faults = 0;
  inputs = 0;

  constructor(private readonly tell: (line: string) => void = () => undefined) {}

  row(kind: string): Row {
    const known = this.rows.get(kind) ?? {
      inputs: 0,
      faults: 0,
      hangs: 0,
      crashes: 0,
      peak: 0,
      cpu: 0,
      outcomes: new Set<string>(),
    };
    this.rows.set(kind, known);
    return known;
  }

  /** An input that was read to its end. */
  read(
    id: InputId,
    {
      outcomes,
      faults,
      peak,
      cpu = 0,
      how = [],
    }: { outcomes: readonly Outcome[]; faults: readonly string[]; peak: number; cpu?: number; how?: readonly string[] },
    way = '',
  ): void {
    const row = this.row(id.kind + way);
    this.inputs++;
    row.inputs++;
    row.peak = Math.max(row.peak, peak);
    row.cpu += cpu;
    for (const { reader, what, fault } of outcomes) {
      row.outcomes.add(`${reader}: ${what}`);
      if (fault !== undefined) this.fault(id, row, `${reader}: ${fault}`, how);
    }
    for (const fault of faults) this.fault(id, row, fault, how);
  }

  /** An input that ended the process. */
  died(id: InputId, why: string, how: readonly string[], way = ''): void {
    const row = this.row(id.kind + way);
    this.inputs++;
    row.inputs++;
    row.outcomes.add(pattern(why));
    this.fault(id, row, why, how);
  }

  private fault(id: InputId, row: Row, what: string, how: readonly string[]): void {
    this.faults++;
    if (what.startsWith('hang')) row.hangs++;
    else if (what.startsWith('crash')) row.crashes++;
    else row.faults++;
    const key = `${id.kind} ${pattern(what.split('\n', 1)[0])} ${what.split('\n').slice(1, 3).join()}`;
    const known = this.distinct.get(key);
    if (known) known.count++;
    else {
      this.distinct.set(key, { what, first: id, how, count: 1 });
      this.tell(
        `FAULT ${id.kind}:${id.number} (${how.join('; ').slice(0, 300)})\n  ${what.slice(0, 1_500).replaceAll('\n', '\n  ')}`,
      );
    }
  }

  /** All rows as a table, then each distinct fault with what repeats it. */
  table(): string {
    const heads = ['kind', 'inputs', 'outcomes', 'faults', 'hangs', 'crashes', 'peak MB', 'CPU ms'];
    const lines = [...this.rows].map(([kind, row]) => [
      kind,
      row.inputs,
      row.outcomes.size,
      row.faults,
      row.hangs,
      row.crashes,
      row.peak === 0 ? '-' : Math.ceil(row.peak / 2 ** 20),
      row.cpu === 0 ? '-' : Math.round(row.cpu / row.inputs),
    ]);
    const total = (at: number): number => lines.reduce((sum, line) => sum + Number(line[at]), 0);
    const all = [heads, ...lines, ['all', ...[1, 2, 3, 4, 5].map(total), '', '']].map((line) => line.map(String));
    const widths = heads.map((_, at) => Math.max(...all.map((line) => line[at]!.length)));
    const rows = all.map((line) =>
      line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
    );
    const faults = [...this.distinct.values()].map(
      ({ what, first, how, count }) =>
        `\n${count} × ${what.slice(0, 600)}\n  input: ${how.join('; ').slice(0, 300)}\n  again: ${repeat(first)}`,
    );
    return [...rows, ...faults].join('\n');
  }

  /** Outcomes of one kind, for a look at what the inputs reach. */
  outcomes(): string {
    return [...this.rows]
      .map(
        ([kind, { outcomes }]) =>
          `${kind}\n${[...outcomes]
            .sort()
            .map((one) => `  ${one}`)
            .join('\n')}`,
      )
      .join('\n');
  }
}
