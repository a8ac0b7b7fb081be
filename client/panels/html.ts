import { randomBytes } from 'node:crypto';

/** What a page is made of. URIs as the webview loads them. */
export interface PageParts {
  title: string;
  /** `webview.cspSource`. */
  cspSource: string;
  /** In the order in which they run. */
  scripts: readonly string[];
  styles: readonly string[];
  /** Hashes of the style elements that libraries write, as `'sha256-…'`. */
  styleHashes: readonly string[];
}

/** The document of a webview: a page that its scripts fill, and what these may do. */
export function pageHtml({ title, cspSource, scripts, styles, styleHashes }: PageParts): string {
  // 128 bits, new for each page: only the scripts named below carry it.
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    // Whatever is not named is refused: no connections, frames, objects or workers.
    `default-src 'none'`,
    // The two that do not fall back to it: nothing may turn relative addresses elsewhere, and no form sends anything.
    `base-uri 'none'`,
    `form-action 'none'`,
    // Our own bundles, by nonce; nothing inline, nothing evaluated.
    `script-src 'nonce-${nonce}'`,
    // Our style sheets, and the fixed text of the elements that the libraries write.
    `style-src ${[cspSource, ...styleHashes].join(' ')}`,
    // Charts are drawn into an image (blob:) before they are saved as PNG, and icons in style sheets are images (data:).
    `img-src ${cspSource} blob: data:`,
    // The icons' font.
    `font-src ${cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
${styles.map((href) => `<link rel="stylesheet" href="${attribute(href)}">`).join('\n')}
</head>
<body>
<main id="app">Loading …</main>
${scripts.map((src) => `<script nonce="${nonce}" src="${attribute(src)}"></script>`).join('\n')}
</body>
</html>
`;
}

const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const attribute = (value: string): string => text(value).replaceAll('"', '&quot;');
