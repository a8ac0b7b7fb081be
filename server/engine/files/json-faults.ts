/** What jsonc-parser calls a fault of the syntax, in words; for JSON with comments. */
export const SYNTAX_WORDS: Record<string, string> = {
  InvalidSymbol: 'unexpected token; strings need double quotes',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'a property name in double quotes was expected',
  ValueExpected: 'a value was expected',
  ColonExpected: 'a colon was expected',
  CommaExpected: 'a comma was expected',
  CloseBraceExpected: 'a closing brace } was expected',
  CloseBracketExpected: 'a closing bracket ] was expected',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'comments are not allowed here',
  UnexpectedEndOfComment: 'this comment is never closed',
  UnexpectedEndOfString: 'this string has no closing quote',
  UnexpectedEndOfNumber: 'this number is incomplete',
  InvalidUnicode: 'this \\u escape is invalid',
  InvalidEscapeCharacter: 'this escape is not allowed in JSON',
  InvalidCharacter: 'this character is not allowed here',
};
