import type { ScanResult } from '../../protocol/report/scan';
import type { OpenModel } from '../model/model';
import { decide } from './decide';
import type { Detector, Found, ScanSubject } from './detector';
import { DETECTORS } from './registry';

/** What the scan of a model finds, by every detector that can search it. @throws FinePruneError as `checkSearchable` does; of kind `cancelled` within one step */
export async function scanModel(subject: ScanSubject): Promise<ScanResult> {
  const { model, search, measured, targets } = subject;
  checkSearchable(model);
  const able = DETECTORS.filter((detector) => faultOf(detector, model) === null);
  const searched = targets && targets.length < model.classes ? { classes: [...targets], of: model.classes } : null;
  const passes = able.map((detector) => detector.passes(targets?.length ?? model.classes));
  const all = passes.reduce((sum, one) => sum + one, 0);
  const found: Found[] = [];
  let before = 0;
  for (const [at, detector] of able.entries()) {
    const from = before / all;
    const part = passes[at]! / all;
    found.push(await detector.search({ ...subject, onProgress: (done) => subject.onProgress?.(from + part * done) }));
    before += passes[at]!;
  }
  return {
    ...decide(found),
    images: { search: search.count, measured: measured.count },
    ...(searched && { searched }),
    evidence: found.map(({ evidence }) => evidence),
  };
}

/** @throws FinePruneError of kind `input` for a model that no detector can search, the first detector's */
export function checkSearchable(model: Pick<OpenModel, 'graph'>): void {
  const faults = DETECTORS.map((detector) => faultOf(detector, model));
  if (faults.every((fault) => fault !== null)) throw faults[0];
}

/** Images that go through the network in a scan of so many classes. */
export function scanPasses(classes: number): number {
  return DETECTORS.reduce((sum, detector) => sum + detector.passes(classes), 0);
}

function faultOf(detector: Detector, model: Pick<OpenModel, 'graph'>): unknown {
  try {
    detector.check(model);
    return null;
  } catch (fault) {
    return fault;
  }
}
