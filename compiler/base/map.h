/* A hash map from byte strings to pointers; keys are borrowed and must outlive it. */
#ifndef TWINC_BASE_MAP_H
#define TWINC_BASE_MAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
	const char *key; /* borrowed; NULL: free */
	uint32_t len, hash;
	void *value;
};
struct map {
	struct map_entry *entries; /* owned */
	uint32_t len, cap;         /* cap is a power of two or 0 */
};
void map_init(struct map *m);
void map_finish(struct map *m); /* accepts NULL and zero */
void *map_get(const struct map *m, const char *key);
void *map_get_n(const struct map *m, const char *key, size_t len);
/* The entry of the key; a new one has no value yet. Valid until the next that is new. */
struct map_entry *map_entry_n(struct map *m, const char *key, size_t len);
/* Sets and returns the value that was there before, or NULL. */
void *map_set(struct map *m, const char *key, void *value);
void *map_set_n(struct map *m, const char *key, size_t len, void *value);
/* FNV-1a style hash, of eight bytes at a time while there are as many; stable within a process. */
uint32_t map_hash(const char *bytes, size_t len);
#endif
