import path from 'node:path';
import { FinePruneError } from '../../protocol/errors';
import type { EngineEvent, MeasureRequest, SearchedAgain } from '../../protocol/messages/engine';
import type { Proof } from '../../protocol/report/report';
import { inversionOf, suspectedClasses, type ScanResult } from '../../protocol/report/scan';
import { cacheFolder } from '../backend/native-sources';
import type { BackendInfo } from '../backend/select';
import { openProof, proofSeed, type Prove } from '../defense/proof';
import { scanOfConfig } from '../detect/config-scan';
import { reportedScan } from '../detect/reported';
import { checkSearchable } from '../detect/scan';
import { contentsOf, scanKey } from '../detect/scan-cache';
import { scanImagesOf, type ScanImages } from '../detect/scan-images';
import { canonicalJson, sha256 } from '../files/hash';
import { keep, readKept } from '../files/kept';
import type { OpenModel } from '../model/model';
import { sourceOf } from '../pass/inputs';
import type { Subject } from '../pass/subject';
import type { Progress } from '../process/progress';
import { scanEvents } from './scan';

/** Of the way a proof computes, beside its scan: another version makes other proofs of the same bytes. */
const PROOF_VERSION = 1;

interface Setting {
  readonly subject: Subject;
  /** Whether the config describes the trigger. */
  readonly known: boolean;
  readonly asked: MeasureRequest['searches'];
  readonly backend: BackendInfo;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  emit(event: EngineEvent): void;
}

/**
 * Makes the searches of a run again, in the models that were committed with its report: on the same images, with the same seeds. What was
 * searched on this machine before is taken from the user's cache folder, by the content of all that it rests on.
 *
 * Called while the subject's variables hold the input model. What it returns is called with the defended model, null for none.
 * @throws FinePruneError of kind `cancelled` within one step; what can't be searched is a `fault`
 */
export async function openSearches(setting: Setting): Promise<(defended: OpenModel | null) => Promise<SearchedAgain>> {
  const { subject, asked, backend, progress, signal, emit } = setting;
  const { config, model, roles } = subject;
  const images = searchable(subject);
  if (typeof images === 'string') return () => Promise.resolve({ fault: images, scan: null, proof: null });
  let scan: ScanResult | null = null;
  if (asked?.scan) {
    progress.begin('scan', 1000);
    const found = await scanOfConfig({ config, model, roles }, backend, { signal, ...scanEvents(progress, emit) });
    scan = reportedScan(found.scan, subject.triggered?.target);
  }
  const proofOf = asked?.proof ? await openAgain(setting, asked.proof.before, images) : null;
  return async (defended) => ({
    fault: null,
    scan,
    proof: defended && proofOf && (await proofOf(defended)),
  });
}

/** Images to search on, or why nothing can be searched. */
function searchable({ model, roles, config }: Subject): ScanImages | string {
  try {
    checkSearchable(model);
    return scanImagesOf(roles, config.seed, config.data.format);
  } catch (error) {
    if (error instanceof FinePruneError && error.kind === 'input') return error.message;
    throw error;
  }
}

/** The proof of a repaired model, kept for the next time. */
async function openAgain(
  setting: Setting,
  before: ScanResult | null,
  images: ScanImages,
): Promise<(defended: OpenModel) => Promise<Proof>> {
  const { subject, known, progress, signal } = setting;
  const { config, model, roles, normalisation } = subject;
  const pass = { model, normalisation, signal };
  const prove: Prove = await openProof({ before, images, test: roles.test, known, seed: config.seed, pass });
  return async (defended) => {
    const file = path.join(cacheFolder(), 'proofs', `${proofKey(setting, before, images, defended)}.json`);
    const kept = await readKept(file);
    if (kept !== undefined) return kept as Proof;
    progress.begin('proof', 1000);
    const proof = await prove((share) => progress.step(Math.round(1000 * share)), { ...pass, model: defended });
    // A cache that can't be written costs time, never a result.
    await keep(file, proof).catch(() => undefined);
    return proof;
  };
}

/** Everything that a proof rests on, as one hash. */
function proofKey(
  { subject, known, backend }: Setting,
  before: ScanResult | null,
  images: ScanImages,
  defended: OpenModel,
): string {
  const { config, model, roles, normalisation } = subject;
  const own = { ...images, model: defended, normalisation, scale: config.data.scale, seed: proofSeed(config.seed) };
  return sha256(
    canonicalJson({
      version: PROOF_VERSION,
      scan: scanKey({ ...own, wanted: [] }, backend),
      input: model.hashes,
      suspected: before ? suspectedClasses(before).map((target) => inversionOf(before, target) ?? target) : null,
      test: contentsOf(sourceOf(roles.test)),
      known,
    }),
  );
}
