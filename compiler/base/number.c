#include "compiler/base/number.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 17

/* The shortest digits d1d2.. and the exponent n with x = 0.d1d2.. * 10^n, for finite x > 0; returns how many. */
static int shortest_digits(double x, char digits[MAX_DIGITS + 1], int *ret_exponent)
{
	/* A normal number that has 15 digits or fewer shows them at precision 15; a subnormal may have just one. */
	int precision = x < DBL_MIN ? 1 : DBL_DIG;
	char text[40];
	do
		snprintf(text, sizeof text, "%.*e", precision - 1, x);
	while (strtod(text, NULL) != x && ++precision <= MAX_DIGITS);
	int n = 0;
	for (const char *p = text; *p && *p != 'e'; p++) {
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	*ret_exponent = atoi(strchr(text, 'e') + 1) + 1;
	return n;
}

void number_text(double x, char ret[NUMBER_TEXT_BYTES])
{
	if (isnan(x) || isinf(x) || x == 0) {
		strcpy(ret, isnan(x) ? "NaN" : x == 0 ? "0" : x > 0 ? "Infinity" : "-Infinity");
		return;
	}
	if (fabs(x) < 1e15 && x == (double)(int64_t)x) { /* the digits are those of the whole number */
		snprintf(ret, NUMBER_TEXT_BYTES, "%" PRId64, (int64_t)x);
		return;
	}
	char digits[MAX_DIGITS + 1];
	int n, k = shortest_digits(fabs(x), digits, &n);
	if (x < 0)
		*ret++ = '-';
	char text[64];
	if (k <= n && n <= 21)
		snprintf(text, sizeof text, "%s%.*s", digits, n - k, "000000000000000000000");
	else if (0 < n && n <= 21)
		snprintf(text, sizeof text, "%.*s.%s", n, digits, digits + n);
	else if (-6 < n && n <= 0)
		snprintf(text, sizeof text, "0.%.*s%s", -n, "000000", digits);
	else if (k == 1)
		snprintf(text, sizeof text, "%se%+d", digits, n - 1);
	else
		snprintf(text, sizeof text, "%c.%se%+d", digits[0], digits + 1, n - 1);
	memcpy(ret, text, strlen(text) + 1); /* at most 25 bytes */
}
