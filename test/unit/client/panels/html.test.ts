import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { pageHtml, type PageParts } from '../../../../client/panels/html';
import { STYLE_HASHES } from '../../../../webview/ui/csp';

const SOURCE = "'self' https://*.vscode-cdn.net";
const PARTS: PageParts = {
  title: 'Inspect: mnist-badnets',
  cspSource: SOURCE,
  scripts: ['https://file.vscode-cdn.net/toolkit.js', 'https://file.vscode-cdn.net/inspector.js'],
  styles: ['https://file.vscode-cdn.net/codicon.css', 'https://file.vscode-cdn.net/inspector.css'],
  styleHashes: STYLE_HASHES,
};

/** As a browser reads it: directive → sources. */
function policyOf(html: string): Map<string, string[]> {
  const metas = [...html.matchAll(/<meta http-equiv="Content-Security-Policy" content="([^"]*)">/g)];
  assert.equal(metas.length, 1);
  const directives = metas[0]![1]!.split(';').map((directive) => directive.trim().split(/\s+/));
  const policy = new Map(directives.map(([name, ...sources]) => [name!, sources]));
  assert.equal(policy.size, directives.length, 'a directive that stands twice counts once');
  return policy;
}

describe('the document of a webview', () => {
  const html = pageHtml(PARTS);
  const policy = policyOf(html);

  it('forbids what it does not allow, and allows exactly what the page is made of', () => {
    assert.deepEqual(policy.get('default-src'), ["'none'"]);
    assert.deepEqual([...policy.keys()].sort(), [
      'base-uri',
      'default-src',
      'font-src',
      'form-action',
      'img-src',
      'script-src',
      'style-src',
    ]);
    assert.deepEqual(policy.get('style-src'), [...SOURCE.split(' '), ...STYLE_HASHES]);
    assert.deepEqual(policy.get('img-src'), [...SOURCE.split(' '), 'blob:', 'data:']);
    assert.deepEqual(policy.get('font-src'), SOURCE.split(' '));
    assert.doesNotMatch(html, /unsafe-|\*(?![.])/);
  });

  it('runs the scripts that carry its nonce of 128 bits, in their order, and nothing inline', () => {
    const [nonce, ...others] = policy.get('script-src') ?? [];
    assert.deepEqual(others, []);
    const bits = /^'nonce-(?<value>[\w+/]{22}==)'$/.exec(nonce ?? '')?.groups?.value;
    assert.ok(bits && Buffer.from(bits, 'base64').length === 16, nonce);
    const scripts = [...html.matchAll(/<script\b([^>]*)>(.*?)<\/script>/gs)];
    assert.deepEqual(
      scripts.map(([, attributes, inline]) => [attributes?.trim(), inline]),
      PARTS.scripts.map((src) => [`nonce="${bits}" src="${src}"`, '']),
    );
    assert.doesNotMatch(html, /<style|style=|\son\w+=/);
  });

  it('has another nonce every time', () => {
    const nonces = Array.from({ length: 100 }, () => policyOf(pageHtml(PARTS)).get('script-src')?.[0]);
    assert.equal(new Set(nonces).size, 100);
  });

  it('has a title, a language and a landmark, and text stays text', () => {
    const odd = pageHtml({ ...PARTS, title: '</title><script>alert(1)</script> & more' });
    assert.ok(odd.includes('<title>&lt;/title>&lt;script>alert(1)&lt;/script> &amp; more</title>'), odd);
    assert.match(odd, /<html lang="en">/);
    assert.equal(odd.match(/<main /g)?.length, 1);
    const quoted = pageHtml({ ...PARTS, styles: ['https://a/"><script>'] });
    assert.ok(quoted.includes('href="https://a/&quot;>&lt;script>"'), quoted);
  });

  it('names the style elements of libraries by hashes that are hashes', () => {
    const empty = createHash('sha256').update('').digest('base64');
    assert.ok(STYLE_HASHES.includes(`'sha256-${empty}'`), 'the empty style element of the component library');
    for (const hash of STYLE_HASHES) assert.match(hash, /^'sha256-[\w+/]{43}='$/);
  });
});
