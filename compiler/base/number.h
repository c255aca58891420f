/* Numbers as text, the same everywhere: commands, outputs, metrics, JSON, YAML. */
#ifndef TWINC_BASE_NUMBER_H
#define TWINC_BASE_NUMBER_H
#define NUMBER_TEXT_BYTES 32
/* ECMAScript's Number::toString (ECMA-262 6.1.6.1.20): the shortest digits that read back; -0 is "0". */
void number_text(double x, char ret[NUMBER_TEXT_BYTES]);
#endif
