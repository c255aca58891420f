/* UTF-8, one code point at a time. What is not UTF-8 reads as U+FFFD, one byte each. */
#ifndef TWINC_BASE_UTF8_H
#define TWINC_BASE_UTF8_H
#include "compiler/base/buf.h"
#include <stdint.h>
#define UTF8_REPLACEMENT 0xFFFDu
/* The code point at the start of s (len > 0) and how many bytes it took; *ret_valid (may be NULL) tells a real U+FFFD. */
size_t utf8_decode(const char *s, size_t len, uint32_t *ret, bool *ret_valid);
void utf8_encode(uint32_t code_point, struct buf *ret);
bool utf8_is_valid(const char *s, size_t len);
/* Number of code points. */
size_t utf8_count(const char *s, size_t len);
/* Cells on a terminal: 0 for combining marks, 2 for East Asian wide ones, 1 for the rest. */
int utf8_width(uint32_t code_point);
/* Whether it must not reach a terminal: C0, C1 and DEL, line separators, and the marks that reorder text. */
bool utf8_is_control(uint32_t code_point);
#endif
