import type { CancellationToken, WorkDoneProgressReporter } from 'vscode-languageserver/node';
import { installNativeEngine, planInstall } from '../../engine/backend/install/native-install';
import { findNativeEngine } from '../../engine/backend/native-sources';
import type { EngineInstallResult, EngineStatus } from '../../protocol/messages/lsp';
import type { Host } from '../host';
import { megabytes } from '../../protocol/words';
import { failureOf } from '../failure';
import { plain } from '../../protocol/text/plain';

/** Which native engine there is, and what an installation would do. */
export async function engineStatus(host: Host): Promise<EngineStatus> {
  const options = await findOptions(host);
  const { installed, why, path, tensorflowVersion } = await findNativeEngine(options);
  const native = { installed, why, ...(path && { path }), ...(tensorflowVersion && { tensorflowVersion }) };
  if (installed) return { native };
  try {
    const { description, downloadBytes, diskBytes, folder } = await planInstall(options);
    return { native, plan: { description, downloadBytes, diskBytes, folder } };
  } catch (error) {
    return { native, planFailure: failureOf(error) };
  }
}

/** Installs it; the person was asked before. */
export async function installEngine(
  host: Host,
  token: CancellationToken,
  progress: WorkDoneProgressReporter,
): Promise<EngineInstallResult> {
  const cancelling = new AbortController();
  const listening = token.onCancellationRequested(() => cancelling.abort());
  progress.begin('Installing the native engine', 0, undefined, true);
  try {
    await installNativeEngine({
      ...(await findOptions(host)),
      signal: cancelling.signal,
      onProgress: (step, done, total) =>
        progress.report(
          Math.floor((100 * done) / Math.max(1, total)),
          plain(total > 1 ? `${step} · ${megabytes(done)} of ${megabytes(total)}` : step),
        ),
    });
    return { ok: true, status: await engineStatus(host) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'cancelled') host.log.error(failure.message, error);
    return { ok: false, failure };
  } finally {
    listening.dispose();
    progress.done();
  }
}

async function findOptions(host: Host): Promise<{ configuredPath?: string }> {
  const { nativeEnginePath } = await host.settings.get('');
  return nativeEnginePath ? { configuredPath: nativeEnginePath } : {};
}
