import path from 'node:path';
import { canonicalJson } from '../../../engine/files/hash';
import { readReport } from '../../../engine/report/json/read-report';
import { FinePruneError } from '../../../protocol/errors';
import { REPORT_FILE } from '../../../protocol/files';
import type { DefenseReport } from '../../../protocol/report/report';
import { configOf, type CheckContext, type Target } from '../context';
import { targetOf } from '../find';
import { readBeside } from '../read';
import { atBase, type AtBase } from './base';
import { topologyAtBase, vouchedModels } from './vouched';

/** A report of the base that is here no more. */
export interface Gone {
  /** Path from the repository's root. */
  readonly file: string;
  readonly before: AtBase;
  /** The hash of the layers of its input model; null for one that can't be read. */
  readonly topology: string | null;
}

interface New {
  readonly target: Target;
  readonly report: DefenseReport;
}

/**
 * Finds, for the reports of the base that are gone, those of the change that take their place, so that a new name does not shake off the
 * terms of the old one: the report of the same model, else of one with the same layers, whatever their weights, else of one at the same path.
 * One heir for each report that is gone, in the order of names; what is left goes to the first.
 *
 * @param gone paths from the repository's root
 * @returns the targets, heirs with where from; and the reports that have no heir
 */
export async function withHeirs(
  targets: readonly Target[],
  gone: readonly string[],
  context: CheckContext,
): Promise<{ targets: Target[]; orphans: Gone[] }> {
  const { base, repository } = context;
  if (!base || !repository || gone.length === 0) return { targets: [...targets], orphans: [] };
  const left: Gone[] = [];
  for (const file of gone) left.push(await goneReport(file, context));
  const fresh: New[] = [];
  for (const target of targets) {
    if (base.files.has(repository.relative(target.file))) continue;
    const report = await reportOf(target);
    if (report) fresh.push({ target, report });
  }
  const heirs = new Map<Target, { from: Gone; rivals: Gone[] }>();
  const open = (): New[] => fresh.filter(({ target }) => !heirs.has(target));
  const orphans = (): Gone[] => left.filter((one) => ![...heirs.values()].some(({ from }) => from === one));

  for (const one of open()) {
    const same = left.filter(({ before }) => before.report && sameModel(before.report, one.report));
    const from = best(same, one, orphans());
    if (from) heirs.set(one.target, { from, rivals: [] });
  }
  const byLayers = new Map(
    orphans().map((one) => [one, open().filter(({ report }) => report.model.before.topology === one.topology)]),
  );
  for (const one of open()) {
    const same = [...byLayers].filter(([, ones]) => ones.includes(one)).map(([from]) => from);
    const from = best(same, one, orphans());
    // Which of several it comes from can't be known by the layers; it makes no difference where their terms are the same.
    if (from) heirs.set(one.target, { from, rivals: same.filter((other) => termsOf(other) !== termsOf(from)) });
  }
  for (const one of open()) {
    const here = pathsOf(one, repository.relative(configOf(one.target)), repository.relative(one.target.file));
    const same = orphans().filter(({ before }) => vouchedModels(before).some((model) => here.includes(model.path)));
    const from = best(same, one, orphans());
    if (from) heirs.set(one.target, { from, rivals: [] });
  }
  return {
    targets: targets.map((target) => {
      const found = heirs.get(target);
      return found ? { ...target, movedFrom: found.from.file, rivals: found.rivals.map(({ file }) => file) } : target;
    }),
    orphans: orphans(),
  };
}

/** Of several, one that has no heir yet before one that has; among these the one of the same name, then of the same trigger, then the first. */
function best(candidates: readonly Gone[], { target, report }: New, orphans: readonly Gone[]): Gone | null {
  const rank = (one: Gone): number =>
    (orphans.includes(one) ? 0 : 4) +
    (path.posix.basename(one.file) === path.basename(target.file) ? 0 : 2) +
    (canonicalJson(one.before.config?.trigger ?? null) === canonicalJson(report.provenance.config.trigger) ? 0 : 1);
  return [...candidates].sort((a, b) => rank(a) - rank(b) || (a.file < b.file ? -1 : 1))[0] ?? null;
}

async function goneReport(file: string, context: CheckContext): Promise<Gone> {
  const { root } = context.repository!;
  const before = await atBase(targetOf(path.join(root, ...file.split('/')), context), context);
  const [input] = vouchedModels(before);
  const topology = input ? await topologyAtBase(input, context) : (before.report?.model.before.topology ?? null);
  return { file, before, topology };
}

const sameModel = (a: DefenseReport, b: DefenseReport): boolean =>
  a.model.before.topology === b.model.before.topology && a.model.before.weights === b.model.before.weights;

/** What a report of the base is judged by, as far as another one might have other terms. */
function termsOf({ before: { config } }: Gone): string {
  return canonicalJson(
    config && { trigger: config.trigger, data: config.data, gates: config.gates, seed: config.seed },
  );
}

function pathsOf({ report: { model } }: New, config: string, report: string): string[] {
  const { posix } = path;
  return [
    posix.join(posix.dirname(config), model.path),
    ...(model.after ? [posix.join(posix.dirname(report), model.after.path)] : []),
  ];
}

/** A report of the change; null for one that can't be read, which is said elsewhere. */
async function reportOf(target: Target): Promise<DefenseReport | null> {
  try {
    const text = await readBeside(target, REPORT_FILE.named(target.name), 'report', REPORT_FILE.mostBytes);
    return text === null ? null : readReport(text, target.shown);
  } catch (error) {
    if (error instanceof FinePruneError) return null;
    throw error;
  }
}
