declare module 'markdown-it' {
  /** The part of markdown-it's token that the tests look at. */
  export interface Token {
    type: string;
    tag: string;
    content: string;
    info: string;
    children: Token[] | null;
  }
  export default class MarkdownIt {
    constructor(options: { html?: boolean; linkify?: boolean });
    parse(text: string, env: object): Token[];
    render(text: string): string;
  }
}
