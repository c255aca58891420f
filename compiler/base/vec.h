/* Typed growing arrays: VEC(struct thing) things = {0}; *vec_push(&things) = x; vec_finish(&things). */
#ifndef TWINC_BASE_VEC_H
#define TWINC_BASE_VEC_H
#include <stddef.h>
#include <stdint.h>

#define VEC(type)             \
	struct {              \
		type *at;     \
		uint32_t len; \
		uint32_t cap; \
	}
/* A pointer to a new zeroed element at the end; pointers to earlier elements become invalid. */
#define vec_push(v) ((__typeof__((v)->at))vec_grow((void **)&(v)->at, &(v)->len, &(v)->cap, sizeof *(v)->at))
#define vec_last(v) (&(v)->at[(v)->len - 1])
#define vec_pop(v) ((v)->len--)
#define vec_clear(v) ((v)->len = 0)
#define vec_finish(v) vec_free((void **)&(v)->at, &(v)->len, &(v)->cap)
void *vec_grow(void **at, uint32_t *len, uint32_t *cap, size_t element_bytes);
void vec_free(void **at, uint32_t *len, uint32_t *cap);
#endif
