/** What is wrong with the tool of a report or scan of another format. */
export const toolFault = (version: 1 | 2): string =>
  `\`provenance.tool\` is a version of Fine-Prune that does not write schemaVersion ${version}.`;
