/** What jsonc-parser calls a fault of the syntax, in words; for JSON with comments. */
export const SYNTAX_WORDS: Record<string, string> = {
  InvalidSymbol: 'this word has no meaning here; texts need double quotes',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'the name of a field was expected, in double quotes',
  ValueExpected: 'a value was expected',
  ColonExpected: 'a colon was expected',
  CommaExpected: 'a comma was expected',
  CloseBraceExpected: 'a closing brace } was expected',
  CloseBracketExpected: 'a closing bracket ] was expected',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: "a comment can't stand here",
  UnexpectedEndOfComment: 'this comment is never closed',
  UnexpectedEndOfString: 'this text lacks its closing quote',
  UnexpectedEndOfNumber: 'this number is cut off',
  InvalidUnicode: 'this \\u escape is wrong',
  InvalidEscapeCharacter: 'this escape is not allowed in JSON',
  InvalidCharacter: 'this character is not allowed here',
};
