/* printf's formats, quickly: most of what is written are texts and whole numbers. */
#ifndef TWINC_BASE_FORMAT_H
#define TWINC_BASE_FORMAT_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_INT_BYTES 20 /* of the longest int64 */
/* Writes the digits, without a NUL; gives how many bytes. Those behind them are changed, too. */
size_t format_int(int64_t v, char text[FORMAT_INT_BYTES]);
/* As vsnprintf: gives the whole length, of which at most size - 1 bytes and a NUL are written. */
int format_text(char *text, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
#endif
