import type { Attempt, DefenseReport } from '../../protocol/report/report';
import { suspectedClasses, inversionOf, type ScanResult } from '../../protocol/report/scan';
import { attemptWord } from '../../protocol/report/words';
import { pixels } from '../../protocol/words';

const MOST_CLASSES = 3;

/** What a run searched and tried beyond the reference recipe, a label and a line each; none for that recipe. */
export function repairLines(report: DefenseReport): [label: string, text: string][] {
  const { attempts } = report;
  const scans = scanText(report);
  return [
    ...(scans ? [['Scan', scans] as [string, string]] : []),
    ...(attempts?.length ? [['Tried', triedText(attempts)] as [string, string]] : []),
  ];
}

/** `suspicious: class 0 (estimated, 4.0 pixels) → repaired: nothing found`. */
function scanText({ scan, proof }: DefenseReport): string | null {
  const parts = [...(scan ? [foundText(scan)] : []), ...(proof ? [`repaired: ${foundText(proof.scan)}`] : [])];
  return parts.length > 0 ? parts.join(' → ') : null;
}

function foundText(scan: ScanResult): string {
  const { word } = scan;
  const flagged = suspectedClasses(scan);
  const named = flagged.slice(0, MOST_CLASSES).flatMap((target) => {
    const one = inversionOf(scan, target);
    return one ? [`class ${target} (estimated, ${pixels(one.norm)})`] : [];
  });
  return named.length === 0
    ? word
    : `${word}: ${named.join(', ')}${flagged.length > MOST_CLASSES ? ` and ${flagged.length - MOST_CLASSES} more` : ''}`;
}

/** `fine-pruning, guided (kept, held-out gates met)`: apart from the gates of the test images, which may say otherwise. What a missed one came to is a finding. */
function triedText(attempts: readonly Attempt[]): string {
  const named = attempts.map((one) =>
    one.chosen ? `${one.strategy} (${one.met ? 'kept, held-out gates met' : attemptWord(one)})` : one.strategy,
  );
  return `${named.join(', ')}${attempts.some(({ chosen }) => chosen) ? '' : '; none was kept'}`;
}
