import {
  ACCEPT_FINDING_REQUEST,
  COMPARE_REPORTS_REQUEST,
  CONFIG_TEXT_REQUEST,
  ENGINE_INSTALL_REQUEST,
  ENGINE_STATUS_REQUEST,
  INSPECT_REQUEST,
  MODEL_TEXT_REQUEST,
  PREPARE_REQUEST,
  READ_REPORT_REQUEST,
  RUN_REQUEST,
  SCAN_REQUEST,
  type AcceptFindingParams,
  type CompareReportsParams,
  type ConfigTextParams,
  type EngineInstallParams,
  type InspectParams,
  type ModelTextParams,
  type PrepareParams,
  type ReadReportParams,
  type RunParams,
  type ScanParams,
} from '../protocol/messages/lsp';
import { answerModelText } from './documents/model-text';
import type { Parts } from './parts';
import { engineStatus, installEngine } from './work/native-engine';
import { newConfigText, prepareConfig } from './work/prepare';

/** Binds the requests of our own: what commands and pages of the extension ask for. */
export function answerRequests({ host, board, inspections, reports, runs, scans }: Parts): void {
  const { connection } = host;
  connection.onRequest(RUN_REQUEST, (params: RunParams, token) =>
    runs.run(params, token, connection.window.attachWorkDoneProgress(params.workDoneToken)),
  );
  connection.onRequest(SCAN_REQUEST, (params: ScanParams, token) =>
    scans.scan(params, token, connection.window.attachWorkDoneProgress(params.workDoneToken)),
  );
  connection.onRequest(PREPARE_REQUEST, (params: PrepareParams) => prepareConfig(host, board.snapshots, params));
  connection.onRequest(CONFIG_TEXT_REQUEST, (params: ConfigTextParams) => newConfigText(params));
  connection.onRequest(ENGINE_STATUS_REQUEST, () => engineStatus(host));
  connection.onRequest(ENGINE_INSTALL_REQUEST, (params: EngineInstallParams | null, token) =>
    installEngine(host, token, connection.window.attachWorkDoneProgress(params?.workDoneToken)),
  );
  connection.onRequest(READ_REPORT_REQUEST, (params: ReadReportParams) => reports.read(params));
  connection.onRequest(COMPARE_REPORTS_REQUEST, async (params: CompareReportsParams) => reports.compare(params));
  connection.onRequest(ACCEPT_FINDING_REQUEST, (params: AcceptFindingParams) => reports.accept(params));
  connection.onRequest(MODEL_TEXT_REQUEST, async (params: ModelTextParams) => answerModelText(params));
  connection.onRequest(INSPECT_REQUEST, (params: InspectParams, token) => inspections.inspect(params, token));
}
