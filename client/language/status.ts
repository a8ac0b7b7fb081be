import * as vscode from 'vscode';
import { verdictSeverity } from '../../server/language/text/report-text';
import type { StatusParams } from '../../server/protocol/messages/lsp';
import type { VerdictWord } from '../../server/protocol/report/report';
import { SELECTOR, type LanguageServer, type ServerState } from './server';
import { percentDone } from '../../server/protocol/words';

const firstClause = (sentence: string): string => sentence.split(/[:.](?:\s|$)/)[0] ?? sentence;

/** Two entries in the language status: the engine with what it is doing, and the last verdict. */
export function showStatus(server: LanguageServer): vscode.Disposable {
  const engine = vscode.languages.createLanguageStatusItem('finePrune.engine', SELECTOR);
  engine.name = 'Fine-Prune Engine';
  engine.command = { command: 'finePrune.showLog', title: 'Show Log' };
  const verdict = vscode.languages.createLanguageStatusItem('finePrune.verdict', SELECTOR);
  verdict.name = 'Fine-Prune Verdict';

  let status: StatusParams = { state: 'idle', queued: 0 };
  const show = (): void => {
    showEngine(engine, server.state, status);
    showVerdict(verdict, status);
  };
  show();
  return vscode.Disposable.from(
    engine,
    verdict,
    server.onDidChangeState(show),
    server.onStatus((next) => {
      // A server that was started again knows neither; what was true of the last run still is.
      status = { ...next, backend: next.backend ?? status.backend, last: next.last ?? status.last };
      show();
    }),
  );
}

function showEngine(item: vscode.LanguageStatusItem, state: ServerState, status: StatusParams): void {
  const { backend, running, queued } = status;
  item.severity = state === 'stopped' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
  item.busy = state === 'starting' || (state === 'running' && status.state !== 'idle');
  item.detail = '';
  if (state === 'stopped') {
    item.text = 'Fine-Prune: the server is not running';
    item.detail = 'Run “Fine-Prune: Restart Server”';
  } else if (state === 'starting') {
    item.text = 'Fine-Prune: starting';
  } else if (running) {
    const waiting = queued > 0 ? `, ${queued} waiting` : '';
    // The phase alone: the notification has its figures, and the list is narrow.
    item.text = `${running.name}: ${running.title.split(' · ')[0]} ${percentDone(running.overall)}${waiting}`;
  } else {
    // Which engine, and why. The list is narrow: what is longer pushes the link to the log, which has it all, out of sight.
    item.text = backend ? firstClause(backend.why) : 'Fine-Prune: ready';
  }
}

function showVerdict(item: vscode.LanguageStatusItem, { last }: StatusParams): void {
  if (!last) {
    item.text = 'No run in this session yet';
    item.detail = '';
    item.command = { command: 'finePrune.run', title: 'Fine-Prune Model' };
    item.severity = vscode.LanguageStatusSeverity.Information;
    return;
  }
  item.text = `${last.name}: ${last.verdict}`;
  item.detail = '';
  const isScan = last.of === 'scan';
  item.command = isScan
    ? { command: 'finePrune.openScan', title: 'Open Scan Result', arguments: [last.reportUri] }
    : { command: 'finePrune.openReport', title: 'Open Report as JSON', arguments: [last.reportUri] };
  const isBad = isScan
    ? last.verdict !== 'nothing found'
    : verdictSeverity(last.verdict as VerdictWord) !== 'information';
  item.severity = isBad ? vscode.LanguageStatusSeverity.Warning : vscode.LanguageStatusSeverity.Information;
}
