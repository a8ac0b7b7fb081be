import path from 'node:path';
import type { CodeAction, CodeLens, Diagnostic, Hover, Position } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { readScan } from '../../engine/report/json/read-scan';
import { scanActions } from '../../language/scan/actions';
import { brokenScan, scanTextDiagnostics } from '../../language/scan/diagnostics';
import { scanHover } from '../../language/scan/hover';
import { scanTextLenses } from '../../language/scan/lenses';
import type { ScanReport } from '../../protocol/report/scan';
import type { Board } from '../board';
import type { Host } from '../host';
import { ResultDocuments, type Reading } from './results';
import { configOfScan } from '../known/snapshots';
import { uriOf } from '../uris';
import { SCAN_FILE } from '../../protocol/files';

/** The config beside a result, or the model that it names: what a scan or a repair would work on. */
interface Subject {
  uri: string;
  config: TextDocument | undefined;
}

/** Results of scans as texts: what is in them is checked and explained where it is read. */
export class ScanDocuments extends ResultDocuments<ScanReport> {
  /** By document, so that an edit does not lose it. */
  private readonly subjects = new WeakMap<TextDocument, Subject>();

  constructor(
    host: Host,
    private readonly board: Board,
  ) {
    super(host, SCAN_FILE.is, readScan);
  }

  hover(uri: string, position: Position): Hover | null {
    const reading = this.at(uri);
    return reading?.result ? scanHover(reading.text, reading.result, position) : null;
  }

  lenses(uri: string): CodeLens[] {
    const reading = this.at(uri);
    return reading?.result
      ? scanTextLenses(reading.text, reading.result, this.subjects.get(reading.text.document)?.uri ?? uri)
      : [];
  }

  actions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
    const reading = this.at(uri);
    const subject = reading && this.subjects.get(reading.text.document);
    return subject ? scanActions(diagnostics, { config: subject.config, subject: subject.uri, inspect: {} }) : [];
  }

  protected async diagnose({ result, text, fault }: Reading<ScanReport>, file: string): Promise<Diagnostic[]> {
    // Others call files like this too: what is no scan of ours is left alone.
    if (!result) return fault && fault.code !== 'scan.notAScan' ? [brokenScan(text, fault)] : [];
    const { snapshots } = this.board;
    const config = await snapshots.document(configOfScan(file), 'fineprune');
    const subject = await snapshots.subjectOfScan(file, result.model.path);
    this.subjects.set(text.document, {
      uri: config?.uri ?? uriOf(path.resolve(path.dirname(file), result.model.path)),
      config,
    });
    return scanTextDiagnostics(text, result, await snapshots.scans.changes(result, subject));
  }
}
