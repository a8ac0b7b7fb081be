import type { ArtifactLocation, Log, LogicalLocation, ReportingDescriptor, Result, Run } from 'sarif';
import manifest from '../../../../package.json';
import type { DefenseReport } from '../../../protocol/report/report';
import type { IssueId, ReviewedIssue } from '../../../protocol/report/review';
import { canonicalJson, sha256 } from '../../files/hash';
import { named, plain as line } from '../../../protocol/text/plain';
import { text } from '../../../protocol/text/markdown';
import { placesIn, type Places } from '../json/places';
import { RULES } from './rules';
import { unitWord } from '../../../protocol/words';

/** One report with its issues. */
export interface SarifInput {
  report: DefenseReport;
  issues: readonly ReviewedIssue[];
  /** Path of the report, relative to the repository's root, with `/`. */
  file: string;
  /** The report's text, for lines. */
  text: string;
  /** Path of the config, relative to the repository's root. */
  configFile?: string;
  /** Issues of the base revision; null when the report is new there. Left out: no baseline is known. */
  baseIssues?: readonly ReviewedIssue[] | null;
}

/** A log of one run, as it is written here: with rules and results, though there may be none. */
export interface SarifLog extends Log {
  runs: [SarifRun];
}
type SarifRun = Run & {
  tool: { driver: { rules: ReportingDescriptor[] } };
  results: Result[];
};

/** Units, and classes, named one by one as logical locations. */
const MOST_UNITS = 100;
const MOST_CLASSES = 100;
const ROOT = '%SRCROOT%';
const LEVELS = { error: 'error', warning: 'warning', information: 'note' } as const;
const IDS = Object.keys(RULES) as IssueId[];

/** Findings that are about the pruned layer, and those that are about the very units. */
const ABOUT_UNITS = new Set<IssueId>(['pruned-all-dead', 'pruned-mostly-dead', 'pruning-changed-nothing']);
const ABOUT_LAYER = new Set<IssueId>([
  ...ABOUT_UNITS,
  'nothing-pruned',
  'negative-activations',
  'fine-tuning-did-the-work',
  'fine-tuning-restored-backdoor',
  'curve-subset',
  'analysis-subset',
  'analysis-on-test-set',
]);

/** Findings that are about classes of a scan: of the input model, or of the repaired one. */
const ABOUT_CLASSES = {
  'scan-suspicious': 'scan',
  'trigger-estimated': 'scan',
  'scan-flags-repaired': 'proof',
} as const satisfies Partial<Record<IssueId, keyof DefenseReport>>;

/**
 * Missed gates and findings as a SARIF 2.1.0 log (OASIS 2020) for code scanning: plain data, ready for JSON, without times or absolute
 * paths. One run holds all reports. A result is placed at its own lines of the report; its fingerprint rests on finding, layer, model
 * and report, not on figures, so that an alert stays the same one while figures move. Accepted decisions are suppressions.
 * `baselineState` is given when every input has a baseline; results that are gone are not listed, since forges show them as open.
 */
export function sarifLog(inputs: readonly SarifInput[]): SarifLog {
  const baseline = inputs.length > 0 && inputs.every((input) => input.baseIssues !== undefined);
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Fine-Prune',
            semanticVersion: manifest.version,
            informationUri: manifest.repository.url,
            rules: IDS.map(ruleOf),
          },
        },
        automationDetails: { id: 'fine-prune/' },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [ROOT]: { description: { text: "The repository's root." } } },
        results: inputs.flatMap((input) => resultsOf(input, baseline)),
      },
    ],
  };
}

function ruleOf(id: IssueId): ReportingDescriptor {
  const { severity, says, todo } = RULES[id];
  const help = todo === '' ? says : `${says} What to do: ${todo}`;
  return {
    id,
    name: id.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: plain(says) },
    fullDescription: { text: plain(says) },
    help: { text: plain(help), markdown: help },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      tags: ['machine-learning', 'backdoor'],
      'problem.severity': severity === 'information' ? 'recommendation' : severity,
    },
  };
}

function resultsOf(input: SarifInput, baseline: boolean): Result[] {
  const places = placesIn(input.text);
  const seen = new Map<IssueId, number>();
  return input.issues.map((issue) => {
    // An id may stand twice (`test-subset`).
    const turn = seen.get(issue.id) ?? 0;
    seen.set(issue.id, turn + 1);
    return resultOf(input, issue, turn, places, baseline);
  });
}

function resultOf(
  { report, file, configFile, baseIssues }: SarifInput,
  issue: ReviewedIssue,
  turn: number,
  places: Places,
  baseline: boolean,
): Result {
  const { line, column, endLine, endColumn } = places.at(issue.pointer);
  const identity = sha256(
    canonicalJson({ id: issue.id, turn, layer: report.layer.name, model: report.model.path, file: relative(file) }),
  ).slice(0, 32);
  const before = baseIssues?.filter(({ id }) => id === issue.id)[turn];
  const logical = logicalLocations(report, issue.id);
  return {
    ruleId: issue.id,
    ruleIndex: IDS.indexOf(issue.id),
    level: LEVELS[issue.severity],
    message: { text: plain(issue.message), markdown: braces(text(issue.message)) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifact(file),
          region: { startLine: line, startColumn: column, endLine, endColumn },
        },
        ...(logical.length > 0 && { logicalLocations: logical }),
      },
    ],
    ...(configFile !== undefined && {
      relatedLocations: [
        {
          id: 1,
          message: { text: 'The defense config.' },
          physicalLocation: { artifactLocation: artifact(configFile) },
        },
      ],
    }),
    // The first is what GitHub tells alerts apart by; left out, it would be made of the line's text, whose figures move.
    partialFingerprints: { primaryLocationLineHash: `${identity.slice(0, 16)}:1`, 'finePruneIssue/v1': identity },
    // All results of a run have the list, or none has.
    suppressions:
      issue.status === 'accepted' && issue.decision
        ? [{ kind: 'external', status: 'accepted', justification: justification(issue.decision) }]
        : [],
    ...(baseline && { baselineState: !before ? 'new' : before.message === issue.message ? 'unchanged' : 'updated' }),
  };
}

function justification({ reason, author, date, expires }: NonNullable<ReviewedIssue['decision']>): string {
  return line(`${reason} (${author}, ${date}${expires === undefined ? '' : `, until ${expires}`})`);
}

/** The layer, and below it the units that a finding is about; or the classes that a scan flags. */
function logicalLocations(report: DefenseReport, id: IssueId): LogicalLocation[] {
  if (id in ABOUT_CLASSES) return flaggedClasses(report, id as keyof typeof ABOUT_CLASSES);
  if (!ABOUT_LAYER.has(id)) return [];
  const { layer, pruning } = report;
  const name = named(layer.name, 300);
  const dead = new Set(layer.dead);
  const units = !ABOUT_UNITS.has(id)
    ? []
    : id === 'pruning-changed-nothing'
      ? pruning.units
      : pruning.units.filter((u) => dead.has(u));
  const word = unitWord(layer.kind);
  return [
    { name, fullyQualifiedName: name, kind: 'layer' },
    ...[...units]
      .sort((a, b) => a - b)
      .slice(0, MOST_UNITS)
      .map((u) => ({ name: `${word} ${u}`, fullyQualifiedName: `${name}/${u}`, kind: word })),
  ];
}

function flaggedClasses({ scan, proof, trigger }: DefenseReport, id: keyof typeof ABOUT_CLASSES): LogicalLocation[] {
  const classes =
    id === 'trigger-estimated' && trigger
      ? [trigger.target]
      : ((ABOUT_CLASSES[id] === 'scan' ? scan : proof?.scan)?.suspects ?? []).map(({ target }) => target);
  return [...classes]
    .sort((a, b) => a - b)
    .slice(0, MOST_CLASSES)
    .map((target) => ({ name: `class ${target}`, fullyQualifiedName: `class/${target}`, kind: 'class' }));
}

export function artifact(file: string): ArtifactLocation {
  return {
    uri: relative(file)
      .split('/')
      .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\uFFFD')))
      .join('/'),
    uriBaseId: ROOT,
  };
}

/** A path inside of the repository; of any other, only the file's name: where it lies is this machine's affair. */
function relative(file: string): string {
  const parts = file.split(/[\\/]/);
  const outside = /^([\\/]|[A-Za-z]:)/.test(file) || parts.includes('..');
  return outside ? parts.at(-1)! : parts.filter((part) => part !== '' && part !== '.').join('/');
}

/** Text in which brackets and braces mean themselves: in SARIF they make links and take arguments (3.11.5, 3.11.6). */
export function plain(value: string): string {
  return braces(line(value, 10_000).replace(/[\\[\]]/g, '\\$&'));
}

const braces = (value: string): string => value.replace(/[{}]/g, '$&$&');
