/* What the unit tests share. */
#ifndef TWINC_TESTS_UNIT_H
#define TWINC_TESTS_UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "compiler/base/buf.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The buffer holds exactly this text; then it is emptied. */
static inline void expect_text(struct buf *b, const char *text)
{
	assert_string_equal(buf_text(b), text);
	buf_finish(b);
}
#endif
