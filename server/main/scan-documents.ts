import path from 'node:path';
import type { CodeAction, CodeLens, Diagnostic, Hover, Position } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { readScan } from '../engine/report/read-scan';
import { parseConfig, type ConfigText } from '../language/config-text';
import { scanActions } from '../language/scan-actions';
import { brokenScan, scanTextDiagnostics } from '../language/scan-diagnostics';
import { scanHover } from '../language/scan-hover';
import { scanTextLenses } from '../language/scan-lenses';
import type { Failure } from '../protocol/errors';
import type { ScanReport } from '../protocol/scan';
import type { Board } from './board';
import type { Host } from './host';
import { failureOf } from './runs';
import { configOfScan } from './snapshots';
import { isScanPath, pathOf, uriOf } from './uris';

const TYPING_MS = 200;

/** What was read of an open result, for one version of its text. */
interface Reading {
  version: number;
  text: ConfigText;
  report: ScanReport | undefined;
  fault: Failure | undefined;
  /** The config beside it, or the model that it names: what a scan or a repair would work on. Known once it was looked for. */
  subject: { uri: string; config: TextDocument | undefined } | undefined;
}

/** Results of scans as texts: what stands in them is checked and explained where it is read. */
export class ScanDocuments {
  private readonly readings = new WeakMap<TextDocument, Reading>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly host: Host, private readonly board: Board) {}

  /** A document was opened or edited. */
  touch(uri: string): void {
    const file = pathOf(uri);
    if (!file || !isScanPath(file)) return;
    clearTimeout(this.timers.get(uri));
    this.timers.set(uri, setTimeout(() => {
      this.timers.delete(uri);
      void this.publish(uri).catch((error: unknown) => this.host.log.error(`Diagnostics of ${uri}`, error));
    }, TYPING_MS));
  }

  closed(uri: string): void {
    const file = pathOf(uri);
    if (!file || !isScanPath(file)) return;
    clearTimeout(this.timers.get(uri));
    this.send(uri, []);
  }

  /** Files, settings or trust changed: hashes and configs may be others. */
  refreshAll(): void {
    for (const { uri } of this.host.documents.all()) this.touch(uri);
  }

  hover(uri: string, position: Position): Hover | null {
    const reading = this.at(uri);
    return reading?.report ? scanHover(reading.text, reading.report, position) : null;
  }

  lenses(uri: string): CodeLens[] {
    const reading = this.at(uri);
    const file = pathOf(uri);
    if (!reading?.report || !file) return [];
    return scanTextLenses(reading.text, reading.report, reading.subject?.uri ?? uri);
  }

  actions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
    const reading = this.at(uri);
    return reading?.subject ? scanActions(diagnostics, { config: reading.subject.config, subject: reading.subject.uri, inspect: {} }) : [];
  }

  private at(uri: string): Reading | undefined {
    const file = pathOf(uri);
    const document = this.host.documents.get(uri);
    if (!document || !file || !isScanPath(file)) return undefined;
    const known = this.readings.get(document);
    if (known?.version === document.version) return known;
    let report: ScanReport | undefined;
    let fault: Failure | undefined;
    try {
      report = readScan(document.getText(), file);
    } catch (error) {
      fault = failureOf(error);
    }
    const reading = { version: document.version, text: tolerant(document), report, fault, subject: known?.subject };
    this.readings.set(document, reading);
    return reading;
  }

  private async publish(uri: string): Promise<void> {
    const reading = this.at(uri);
    const file = pathOf(uri);
    if (!reading || !file) return;
    const { report, text, fault, version } = reading;
    let diagnostics: Diagnostic[] = [];
    if (!report) {
      // Others call files like this too: what is no scan of ours is left alone.
      if (fault && fault.code !== 'scan.notAScan') diagnostics = [brokenScan(text, fault)];
    } else {
      const { snapshots } = this.board;
      const config = await snapshots.document(configOfScan(file), 'fineprune');
      const subject = await snapshots.subjectOfScan(file, report.model.path);
      reading.subject = { uri: config?.uri ?? uriOf(path.resolve(path.dirname(file), report.model.path)), config };
      diagnostics = scanTextDiagnostics(text, report, await snapshots.scans.changes(report, subject));
    }
    if (this.host.documents.get(uri)?.version === version) this.send(uri, diagnostics);
  }

  private send(uri: string, diagnostics: Diagnostic[]): void {
    this.host.connection.sendDiagnostics({ uri, diagnostics }).catch((error: unknown) => this.host.log.error('Diagnostics could not be sent', error));
  }
}

// The parser is recursive: a text of nothing but brackets ends its stack.
function tolerant(document: TextDocument): ConfigText {
  try {
    return parseConfig(document);
  } catch {
    return { document, root: undefined };
  }
}
