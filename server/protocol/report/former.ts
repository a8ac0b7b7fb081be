/**
 * Reports and scans that an earlier version wrote, in a format that is still read. What such a file says stays true of what it describes; its
 * sentences are that version's, and so are its hashes, which need not be computed as they are now.
 */

/** Versions of Fine-Prune that wrote schema version 1. */
const FORMER = /^fine-prune (0\.1\.\d{1,6})$/;

/** The version that wrote a file in a former format; null for the format of this version. */
export function formerVersion({ provenance }: { provenance: { tool: string } }): string | null {
  return FORMER.exec(provenance.tool)?.[1] ?? null;
}

/** `fine-prune run a.fineprune.json`, `fine-prune scan model.json`: what writes a file again. */
export type Renewal = `fine-prune ${'run' | 'scan'} ${string}`;

/** That a file is of an earlier version, where nothing is known to have changed. */
export function formerText(version: string, renewal: Renewal): string {
  return `Written by Fine-Prune ${version}, an older version, so its wording was not checked. Renew it with \`${renewal}\`.`;
}

/** The same where it no longer fits what lies beside it: whether that has changed, or is hashed in another way now, is not known. */
export function formerUnknownText(version: string, renewal: Renewal): string {
  return `Written by Fine-Prune ${version} and not comparable with the files as they are now. Renew it with \`${renewal}\`.`;
}
