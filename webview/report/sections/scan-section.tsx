import type { JSX } from 'preact';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { neuralCleanse, type NeuralCleanseEvidence, type ScanResult } from '../../../server/protocol/report/scan';
import { Section, Signed } from './parts';
import { Masks, ScanTable } from './scan-parts';
import { ScannedImages } from './scanned-images';
import { scanSentence, scanSign } from '../words';
import { count, pixels } from '../../../server/protocol/words';

/** What trigger inversion found in the input model, with the evidence; nothing where the run had no scan. */
export function ScanSection({ report: { scan, trigger, data } }: { report: DefenseReport }): JSX.Element | null {
  if (!scan) return null;
  const masks = neuralCleanse(scan);
  return (
    <Section title={trigger?.source === 'known' ? 'Is there another trigger?' : 'Is there a trigger?'}>
      <p>
        <strong>
          <Signed sign={scanSign(scan)} />
        </strong>
      </p>
      <p>{scanSentence(scan)}</p>
      <ScannedImages scan={scan} />
      {masks ? <Searched scan={scan} masks={masks} shape={data.shape} /> : null}
    </Section>
  );
}

interface SearchedProps {
  scan: ScanResult;
  masks: NeuralCleanseEvidence;
  shape: DefenseReport['data']['shape'];
}

function Searched({ scan, masks, shape }: SearchedProps): JSX.Element {
  const { images } = scan;
  const { limits, medianNorm, steps, seeds } = masks;
  return (
    <>
      <Masks scan={scan} shape={shape} label="Masks of the estimated triggers, by class" />
      <ScanTable scan={scan} name="scan" label="Scan of the input model" />
      <p class="quiet">
        Screened mask: the smallest that sends images of other classes to the class, after {count(steps)} steps, the
        same for all{seeds.length > 1 ? `, the mean of ${seeds.length} seeds` : ''}; the median is {pixels(medianNorm)}.
        Its size is the sum of its shares over the pixels. Suspicious: an anomaly index above {limits.index}, a mask
        below {limits.share} of the median, and an estimated trigger that works on images it was not searched on.
        Success: on {count(images.measured)} held-out images, searched on {count(images.search)} others. Neural Cleanse
        (Wang et al. 2019). Finding nothing does not show that a model is clean.
      </p>
    </>
  );
}
