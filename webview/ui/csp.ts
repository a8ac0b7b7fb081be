/**
 * SHA-256 of the style elements that libraries of the pages write, for `style-src`. Nothing else inline is allowed: a change of
 * the libraries' text is a violation that the browser tests see.
 */
export const STYLE_HASHES: readonly string[] = [
  // The empty style element that @vscode/webview-ui-toolkit tries out.
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  // What @observablehq/plot writes into every chart of the class `fp-plot` (see charts/use-plot.ts).
  "'sha256-qpAPZw46t6PV1z79L+YeGUJQbSRDti4GjMsB0YLB/4Y='",
];
