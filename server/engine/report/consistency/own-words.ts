import { formerVersion } from '../../../protocol/report/former';
import { isNeuralCleanse, type ScanResult } from '../../../protocol/report/scan';
import type { DefenseReport } from '../../../protocol/report/report';
import { attemptSentence, proofSentence } from '../../defense/attempt-words';
import { adviceSentence } from '../../detect/advice-words';
import { decide, notSearched } from '../../detect/decide';
import type { Found } from '../../detect/detector';
import { judgeMasks } from '../../detect/neural-cleanse/judge';
import { derivedFindings } from './judgement';

/** Word, suspects and sentence of a scan, decided again from the evidence. What a method without a table says is taken as it says it. */
export function decidedAgain(scan: ScanResult): ReturnType<typeof decide> {
  const found = scan.evidence.map((one): Found =>
    isNeuralCleanse(one) ? judgeMasks(one, scan.searched) : { ...one, evidence: one },
  );
  return found.length > 0 ? decide(found) : notSearched(scan);
}

/**
 * A report whose sentences are those of this version, made of its figures: what a check may show of it as its own words. The sentences that
 * stand in the file may say anything.
 */
export function inOwnWords(report: DefenseReport): DefenseReport {
  const { scan, attempts, proof } = report;
  const { gates } = report.provenance.config;
  const own: DefenseReport = {
    ...report,
    ...(scan && { scan: scanInOwnWords(scan) }),
    ...(attempts && { attempts: attempts.map((one) => ({ ...one, sentence: attemptSentence(one, gates) })) }),
    ...(proof && {
      proof: { ...proof, scan: scanInOwnWords(proof.scan), sentence: proofSentence(proof) },
    }),
  };
  // Decisions about a report of version 1 are about its sentences: they stay what they were.
  return formerVersion(report) === null ? { ...own, findings: derivedFindings(own) } : own;
}

function scanInOwnWords(scan: ScanResult): ScanResult {
  const { advice } = scan;
  const known = advice ? { ...scan, advice: { ...advice, sentence: adviceSentence(advice) } } : scan;
  return { ...known, sentence: decidedAgain(known).sentence };
}
