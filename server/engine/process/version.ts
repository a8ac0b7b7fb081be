import manifest from '../../../package.json';

/** This tool as reports name it. */
export const TOOL = `fine-prune ${manifest.version}`;
