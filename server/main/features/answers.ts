import type { CodeAction, CodeLens, Diagnostic, Hover, InlayHint, Position, Range } from 'vscode-languageserver/node';
import { configActions } from '../../language/config/actions';
import { configHints } from '../../language/config/hints';
import { configHover } from '../../language/config/hover';
import { configLenses } from '../../language/config/lenses';
import { modelActions } from '../../language/model/actions';
import { modelHover } from '../../language/model/hover';
import { modelLenses } from '../../language/model/lenses';
import { scanActions } from '../../language/scan/actions';
import type { Parts } from '../parts';
import { pathOf } from '../uris';
import { configAt, modelAt } from './open-texts';

/** What each feature says of a document: a config, a model, a report or the result of a scan. */

export function hoverAt(parts: Parts, uri: string, position: Position): Hover | null {
  const { board, reports, scanResults } = parts;
  const found = configAt(parts, uri);
  if (found) {
    const { last, scan } = board.config(found.file) ?? {};
    return configHover(found.config, found.facts, position, {
      ...(last?.changed.length === 0 && { report: last.report, settings: last.settings }),
      scan,
    });
  }
  const model = modelAt(parts, uri);
  if (!model) return reports.hover(uri, position) ?? scanResults.hover(uri, position);
  const { last, scan } = board.model(model.file);
  return modelHover(model.document, model.summary, position, last, scan);
}

export async function lensesOf(parts: Parts, uri: string): Promise<CodeLens[]> {
  const { host, board, reports, scanResults } = parts;
  if (!(await host.settings.get(uri)).codeLens.enabled) return [];
  const found = configAt(parts, uri);
  if (found) {
    const { last, scan } = board.config(found.file) ?? {};
    return configLenses(found.config, found.facts, {
      last,
      active: board.activeRun(found.file),
      scan,
      scanning: board.activeScan(found.file),
    });
  }
  const model = modelAt(parts, uri);
  return model
    ? modelLenses(model, model.summary, board.model(model.file))
    : [...reports.lenses(uri), ...scanResults.lenses(uri)];
}

export async function hintsIn(parts: Parts, uri: string, range: Range): Promise<InlayHint[]> {
  const found = configAt(parts, uri);
  if (!found || !(await parts.host.settings.get(uri)).inlayHints.enabled) return [];
  return configHints(found.config, found.facts, parts.board.config(found.file)?.scan).filter(
    ({ position }) => position.line >= range.start.line && position.line <= range.end.line,
  );
}

export function actionsFor(parts: Parts, uri: string, diagnostics: Diagnostic[]): CodeAction[] {
  const { board, reports, scanResults } = parts;
  const found = configAt(parts, uri);
  if (found)
    return [
      ...configActions(uri, diagnostics),
      ...scanActions(diagnostics, { config: found.config.document, subject: uri, inspect: {} }),
    ];
  const model = modelAt(parts, uri);
  if (!model) return [...reports.actions(uri, diagnostics), ...scanResults.actions(uri, diagnostics)];
  const { configUri } = board.model(model.file).plan;
  const config = configUri === undefined ? undefined : board.config(pathOf(configUri) ?? '')?.text.document;
  const inspect = model.summary.penultimate === null ? {} : { layer: model.summary.penultimate };
  return [
    ...(configUri === undefined ? [] : modelActions(configUri, diagnostics)),
    ...scanActions(diagnostics, { config, subject: uri, inspect }),
  ];
}
