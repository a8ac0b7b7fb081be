import type { DefenseReport } from '../../../protocol/report/report';
import type { ReportComparison } from '../../../protocol/report/comparison';
import type { ReviewedIssue } from '../../../protocol/report/review';
import { comparisonMarkdown, comparisonSentence, type ComparisonLabels } from './compare';
import { reportBlocks, type Block } from './markdown';
import { text } from '../../../protocol/text/markdown';
import { verdictLine } from './figures';
import { count, list } from '../../../protocol/words';

/** A forge takes summaries below 1 MiB and comments below 64 KB; some room is left for what it adds. In bytes of UTF-8. */
export const SUMMARY_BYTES = 1_000_000;
export const COMMENT_BYTES = 60_000;
const LEAD_BYTES = 16_000;

/** One report in a summary or a comment. */
export interface SummaryPart {
  /** The config's base name. */
  name: string;
  /** What stands above it instead of `Defense report: <name>`, for a part that is about no single report. */
  title?: string;
  /** Null when it could not be read, or was deleted. */
  report: DefenseReport | null;
  issues: readonly ReviewedIssue[];
  /** Markdown that goes before the figures and is left out last, such as what `check` found; its texts must be escaped. At most 16 KB. */
  lead?: string;
  /** Against the base revision. */
  comparison?: ReportComparison | null;
  /** What the comparison's sides are called; default `base` and `head`. */
  labels?: ComparisonLabels;
}

/** Markdown below 1 MiB for the summary of a step: everything, or as much as there is room for and a sentence about the rest. */
export function stepSummary(parts: readonly SummaryPart[]): string {
  return fitted(parts, SUMMARY_BYTES, '', 3);
}

/** Markdown below 64 KB for a comment; it begins with `commentMarker(name)`. Folded details are left to the summary. */
export function commentBody(name: string, parts: readonly SummaryPart[]): string {
  return fitted(parts, COMMENT_BYTES, `${commentMarker(name)}\n`, 2);
}

/** A comment that is not seen, by which the same comment is found again: `<!-- fine-prune:report:<name> -->`. */
export function commentMarker(name: string): string {
  const safe = encodeURIComponent(name.replace(/\p{Cs}/gu, '\uFFFD'))
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/--/g, '-%2D')
    .replace(/^-|-$/g, '%2D');
  return `<!-- fine-prune:report:${safe.slice(0, 500)} -->`;
}

/** All blocks up to a priority, the highest that fits; else a line a report; else as many of those as fit. */
function fitted(parts: readonly SummaryPart[], most: number, head: string, highest: Block['priority']): string {
  const fits = (markdown: string): boolean => Buffer.byteLength(markdown) <= most;
  for (let priority = highest; priority >= 0; priority--) {
    const left = new Set<string>();
    const bodies: string[] = [];
    let room = most;
    for (const part of parts) {
      const body = partMarkdown(part, priority, left);
      room -= Buffer.byteLength(body);
      if (room < 0) break;
      bodies.push(body);
    }
    const whole = `${head}${bodies.join('\n\n---\n\n')}${leftOut(left)}\n`;
    if (bodies.length === parts.length && fits(whole)) return whole;
  }
  const note = '\n_Figures were left out to save space; see the reports._\n';
  let whole = head;
  let used = Buffer.byteLength(head + note);
  for (const [at, part] of parts.entries()) {
    const line = `${lineOf(part)}\n`;
    used += Buffer.byteLength(line);
    const rest = `- … and ${count(parts.length - at)} more reports, left out to save space.\n`;
    if (used + Buffer.byteLength(rest) > most) return `${whole}${rest}${note}`;
    whole += line;
  }
  return `${whole}${note}`;
}

function partMarkdown(
  { name, title, report, issues, lead, comparison, labels = { base: 'base', head: 'head' } }: SummaryPart,
  priority: number,
  left: Set<string>,
): string {
  const before =
    lead === undefined
      ? []
      : [Buffer.byteLength(lead) <= LEAD_BYTES ? lead : 'The check results for this report are too long to show here.'];
  if (!report)
    return [
      `## ${title === undefined ? `Defense report: ${text(name)}` : text(title)}`,
      ...before,
      ...(comparison ? [comparisonSentence(comparison)] : []),
    ].join('\n\n');
  const [first, ...blocks] = reportBlocks(report, issues, name) as [Block, ...Block[]];
  // A comparison is why most people read a summary: its sentence always, its tables as long as there is room.
  const against: Block[] = comparison
    ? [
        {
          name: 'the comparison',
          priority: 0,
          markdown: () =>
            priority > 0 ? comparisonMarkdown(comparison, labels).trimEnd() : comparisonSentence(comparison),
        },
      ]
    : [];
  if (comparison && priority === 0) left.add("the comparison's tables");
  const shown = [first, ...against, ...blocks].filter((block) => {
    if (block.priority > priority) left.add(block.name);
    return block.priority <= priority;
  });
  const [top, ...rest] = shown.map((block) => block.markdown()) as [string, ...string[]];
  const [heading, ...verdict] = top.split('\n\n');
  return [heading, ...before, ...verdict, ...rest].join('\n\n');
}

function leftOut(left: ReadonlySet<string>): string {
  if (left.size === 0) return '';
  const names = [...left];
  return `\n\n_Not shown here: ${list(names)}. See the reports._`;
}

function lineOf({ name, title, report, lead }: SummaryPart): string {
  if (title !== undefined) return `- ${text(title)}: ${lead === undefined ? 'nothing.' : 'see the log of the check.'}`;
  return `- ${text(name)}: ${report ? verdictLine(report) : 'no report to show.'}`;
}
