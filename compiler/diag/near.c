#include "compiler/diag/near.h"
#include <string.h>

#define MAX_LEN 128 /* longer names have no near ones */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* In half edits: another letter costs 2, another case 1. */
static uint32_t half_edits(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	if (n > MAX_LEN || m > MAX_LEN)
		return strcmp(a, b) == 0 ? 0 : UINT32_MAX;
	uint32_t rows[3][MAX_LEN + 1];
	uint32_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= m; j++)
		above[j] = before[j] = (uint32_t)(2 * j);
	for (size_t i = 1; i <= n; i++) {
		row[0] = (uint32_t)(2 * i);
		for (size_t j = 1; j <= m; j++) {
			uint32_t change = a[i - 1] == b[j - 1] ? 0 : lower(a[i - 1]) == lower(b[j - 1]) ? 1 : 2;
			row[j] = least(above[j - 1] + change, least(above[j], row[j - 1]) + 2);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 2);
		}
		uint32_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

uint32_t near_distance(const char *a, const char *b)
{
	uint32_t halves = half_edits(a, b);
	return halves == UINT32_MAX ? halves : (halves + 1) / 2;
}

void near_init(struct near *n, const char *name)
{
	*n = (struct near){.name = name, .distance = UINT32_MAX};
}

void near_offer(struct near *n, const char *candidate)
{
	uint32_t distance = half_edits(n->name, candidate);
	if (distance < n->distance) {
		n->distance = distance;
		n->best = candidate;
	}
}

const char *near_best(const struct near *n)
{
	uint32_t len = (uint32_t)strlen(n->name);
	uint32_t limit = len < 3 ? 2 : 2 * (len / 3);
	/* Two names without a common letter are not near, however short. */
	return n->best && n->distance <= limit && n->distance < 2 * len ? n->best : NULL;
}
