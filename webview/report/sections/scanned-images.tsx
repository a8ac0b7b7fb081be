import type { JSX } from 'preact';
import type { ScanResult } from '../../../server/protocol/report/scan';
import { scanAccuracyText } from '../words';

/** How well the model knows the images that it was scanned with, and what fits them better; where nothing was searched, the scan's sentence has both. */
export function ScannedImages({ scan }: { scan: ScanResult }): JSX.Element | null {
  const accuracy = scanAccuracyText(scan);
  if (accuracy === null || scan.evidence.length === 0) return null;
  return (
    <>
      <p>{accuracy}</p>
      {scan.advice ? (
        <p>
          <span class="codicon codicon-warning" aria-hidden="true" /> {scan.advice.sentence}
        </p>
      ) : null}
    </>
  );
}
