#include "compiler/base/vec.h"
#include "compiler/base/bug.h"
#include <stdlib.h>
#include <string.h>

void *vec_grow(void **at, uint32_t *len, uint32_t *cap, size_t element_bytes)
{
	if (*len == *cap) {
		if (*cap > UINT32_MAX / 2)
			bug_out_of_memory();
		uint32_t larger = *cap ? *cap * 2 : 8;
		void *grown = reallocarray(*at, larger, element_bytes);
		if (!grown)
			bug_out_of_memory();
		*at = grown;
		*cap = larger;
	}
	void *element = (char *)*at + (size_t)*len * element_bytes;
	memset(element, 0, element_bytes);
	++*len;
	return element;
}

void vec_free(void **at, uint32_t *len, uint32_t *cap)
{
	free(*at);
	*at = NULL;
	*len = *cap = 0;
}
