import type { FigureChange, GateChange, ReportComparison } from '../../../protocol/report/comparison';
import { classes } from '../compare/scan';
import { ESTIMATED_SIDE, figureTitle } from '../compare/words';
import { code, text } from '../../../protocol/text/markdown';
import { table } from './figures';
import { capital, count, limitWords, pWords, points, fixedShare, indexList } from '../../../protocol/words';
import { GATE_TITLES, whichEstimated } from '../../../protocol/report/words';

const MOST_ROWS = 60;
const MOST_UNITS = 200;

const CHANGE_WORDS: Record<FigureChange['change'], string> = {
  better: '✅ better',
  worse: '❌ worse',
  noise: 'within noise',
  same: 'the same',
  unknown: 'not comparable',
};

/** What people call the two sides: `HEAD`, `main`, a path. */
export interface ComparisonLabels {
  base: string;
  head: string;
}

/** A comparison for a pull request or a terminal. Every text of the reports, and the labels, are escaped. Ends with a newline. */
export function comparisonMarkdown(comparison: ReportComparison, labels: ComparisonLabels): string {
  const { base, head } = comparison;
  const parts = [
    base && head ? `### Against ${code(short(labels.base))}` : head ? '### New report' : '### Deleted report',
    comparisonSentence(comparison),
    ...(comparison.caveats.length > 0 ? [comparison.caveats.map((caveat) => `- ⚠️ ${text(caveat)}`).join('\n')] : []),
    figureTable(comparison, sides(comparison, labels)),
    gateRows(comparison, sides(comparison, labels)),
    findingRows(comparison),
    scanRows(comparison, sides(comparison, labels)),
    ...(base && head ? [unitsText(comparison), settingRows(comparison, sides(comparison, labels))] : []),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The sentence with a word before it. */
export function comparisonSentence({ direction, sentence, base, head }: ReportComparison): string {
  const word = !base ? 'New' : !head ? 'Deleted' : capital(direction);
  return `**${word}.** ${text(sentence)}`;
}

function figureTable(comparison: ReportComparison, heads: readonly string[]): string {
  const { figures, base, head } = comparison;
  const rows = figures
    .filter((change) => change.base || change.head)
    .map((change) => [
      `${capital(figureTitle(change.figure, comparison))}, ${change.stage === 'after' ? 'defended model' : 'input model'}`,
      rateCell(change.base),
      rateCell(change.head),
      change.delta === null ? '–' : points(change.delta),
      change.pValue === null ? '–' : pWords(change.pValue).replace(/^p = /, '').replace('p < ', '< '),
      base && head ? CHANGE_WORDS[change.change] : '–',
    ]);
  return table(['Figure, %', ...heads, 'change', 'p (Fisher)', 'reading'], rows);
}

function rateCell(rate: FigureChange['base']): string {
  return rate
    ? `${fixedShare(rate.rate)} (${fixedShare(rate.low)}–${fixedShare(rate.high)}), of ${count(rate.of)}`
    : '–';
}

function gateRows(comparison: ReportComparison, heads: readonly string[]): string {
  const { gates } = comparison;
  const which = whichEstimated(comparison);
  const estimated = which === null ? '' : `, *estimated* trigger${ESTIMATED_SIDE[which]}`;
  const cell = (gate: GateChange['base']): string =>
    gate ? `≤ ${limitWords(gate.limit)}, ${gate.met ? 'met' : '**missed**'}` : '–';
  const words = { same: '', loosened: '⚠️ loosened', tightened: 'tightened', added: 'added', removed: '⚠️ removed' };
  return table(
    ['Gate', ...heads, 'limit'],
    gates.map((gate) => [
      `${GATE_TITLES[gate.id]}${gate.id === 'maxAttackSuccessRate' ? estimated : ''}`,
      cell(gate.base),
      cell(gate.head),
      words[gate.limit],
    ]),
  );
}

function findingRows({ findings, base, head: now }: ReportComparison): string {
  const alone = !base || !now;
  const words = alone
    ? { added: 'Finding', removed: 'Finding', reworded: 'Finding', kept: 'Finding' }
    : { added: '**New finding**', removed: 'Gone', reworded: 'Other figures', kept: 'As before' };
  const told = findings.filter(({ change }) => change !== 'kept');
  const kept = findings.length - told.length;
  const lines = told
    .slice(0, MOST_ROWS)
    .map(({ id, change, base, head }) => `- ${words[change]}: ${code(id)}: ${text(head ?? base ?? '')}`);
  const more = told.length > MOST_ROWS ? [`- … and ${count(told.length - MOST_ROWS)} more.`] : [];
  const rest = kept > 0 ? [`- ${count(kept)} ${kept === 1 ? 'finding is' : 'findings are'} as before.`] : [];
  return [...lines, ...more, ...rest].join('\n');
}

/** Which classes the scans flag; nothing where no report has a scan. */
function scanRows({ scans = [], base, head }: ReportComparison, heads: readonly string[]): string {
  if (scans.length === 0) return '';
  const cell = (flagged: readonly number[] | null, report: unknown): string =>
    !report ? '–' : flagged === null ? 'not scanned' : flagged.length === 0 ? 'nothing found' : `${classes(flagged)}`;
  const change = ({ added, removed }: (typeof scans)[number]): string =>
    [
      ...(added.length > 0 ? [`⚠️ ${classes(added)} added`] : []),
      ...(removed.length > 0 ? [`${classes(removed)} gone`] : []),
    ].join('; ');
  return table(
    ['Suspicious classes', ...heads, 'change'],
    scans.map((scan) => [
      `Scan of the ${scan.model} model`,
      cell(scan.base, base),
      cell(scan.head, head),
      change(scan),
    ]),
    4,
  );
}

function unitsText({ units }: ReportComparison): string {
  const { layer, both, onlyBase, onlyHead } = units;
  const listed = (indices: readonly number[]): string => indexList(indices, MOST_UNITS);
  if (layer.base !== layer.head)
    return `Pruned units are of two layers: ${count(onlyBase.length)} of ${code(layer.base ?? '')} before, ${count(onlyHead.length)} of ${code(layer.head ?? '')} now.`;
  if (onlyBase.length + onlyHead.length === 0)
    return `The same ${count(both.length)} units of ${code(layer.head ?? '')} are pruned.`;
  const parts = [
    `${count(both.length)} pruned in both`,
    ...(onlyHead.length > 0 ? [`only now: ${listed(onlyHead)}`] : []),
    ...(onlyBase.length > 0 ? [`no longer: ${listed(onlyBase)}`] : []),
  ];
  return `Units of ${code(layer.head ?? '')}: ${parts.join('; ')}.`;
}

function settingRows({ settings }: ReportComparison, heads: readonly string[]): string {
  if (settings.length === 0) return 'Settings, data, model and engine are the same.';
  const rows = settings
    .slice(0, MOST_ROWS)
    .map(({ path, base, head }) => [code(path, true), valueCell(base), valueCell(head)]);
  const more = settings.length > MOST_ROWS ? `\n\n… and ${count(settings.length - MOST_ROWS)} more.` : '';
  return `${table(['Setting', ...heads], rows, 3)}${more}`;
}

function valueCell(value: unknown): string {
  if (value === null || value === undefined) return '–';
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return code(/^[0-9a-f]{64}$/.test(shown) ? `${shown.slice(0, 12)}…` : shown.slice(0, 120), true);
}

/** Heads of the two columns; a side that is not there has none. */
function sides({ base, head }: ReportComparison, labels: ComparisonLabels): [string, string] {
  return [base ? code(short(labels.base), true) : '–', head ? code(short(labels.head), true) : '–'];
}

/** A path by its end, which tells files apart. */
const short = (label: string): string => (label.length > 48 ? `…${label.slice(-47)}` : label);
