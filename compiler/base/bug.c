#include "compiler/base/bug.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_OUR_BUG 70

_Noreturn void bug_at(const char *file, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "twinc: internal error at %s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fputs("\nThis is a bug of twinc, not of your twin. Please report this line and the twin that led to it.\n", stderr);
	va_end(args);
	exit(EXIT_OUR_BUG);
}

_Noreturn void bug_out_of_memory(void)
{
	fputs("twinc: out of memory\n", stderr);
	exit(EXIT_OUR_BUG);
}
