#include "compiler/base/map.h"
#include "compiler/base/bug.h"
#include <stdlib.h>
#include <string.h>

void map_init(struct map *m)
{
	*m = (struct map){0};
}

void map_finish(struct map *m)
{
	if (!m)
		return;
	free(m->entries);
	*m = (struct map){0};
}

uint32_t map_hash(const char *bytes, size_t len)
{
	uint64_t hash = 14695981039346656037u, eight;
	for (; len >= sizeof eight; bytes += sizeof eight, len -= sizeof eight) {
		memcpy(&eight, bytes, sizeof eight);
		hash = (hash ^ eight) * 0x9E3779B97F4A7C15u;
		hash ^= hash >> 32;
	}
	for (; len; bytes++, len--)
		hash = (hash ^ (unsigned char)*bytes) * 1099511628211u;
	return (uint32_t)(hash ^ hash >> 32 ^ hash >> 15); /* the low bits choose the place */
}

/* The entry of the key, or the free one where it would go. */
static struct map_entry *probe(const struct map *m, const char *key, size_t len, uint32_t hash)
{
	uint32_t mask = m->cap - 1;
	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_entry *e = &m->entries[i];
		if (!e->key || (e->hash == hash && e->len == len && memcmp(e->key, key, len) == 0))
			return e;
	}
}

static void grow(struct map *m)
{
	if (m->cap > UINT32_MAX / 4)
		bug_out_of_memory();
	struct map larger = {.cap = m->cap ? m->cap * 2 : 16, .len = m->len};
	larger.entries = calloc(larger.cap, sizeof *larger.entries);
	if (!larger.entries)
		bug_out_of_memory();
	for (uint32_t i = 0; i < m->cap; i++) {
		const struct map_entry *e = &m->entries[i];
		if (e->key)
			*probe(&larger, e->key, e->len, e->hash) = *e;
	}
	free(m->entries);
	*m = larger;
}

void *map_get_n(const struct map *m, const char *key, size_t len)
{
	if (m->cap == 0)
		return NULL;
	const struct map_entry *e = probe(m, key, len, map_hash(key, len));
	return e->key ? e->value : NULL;
}

void *map_get(const struct map *m, const char *key)
{
	return map_get_n(m, key, strlen(key));
}

struct map_entry *map_entry_n(struct map *m, const char *key, size_t len)
{
	if (len > UINT32_MAX)
		bug("a key of %zu bytes", len);
	if (m->len >= m->cap / 4 * 3)
		grow(m);
	uint32_t hash = map_hash(key, len);
	struct map_entry *e = probe(m, key, len, hash);
	if (!e->key) {
		*e = (struct map_entry){.key = key, .len = (uint32_t)len, .hash = hash};
		m->len++;
	}
	return e;
}

void *map_set_n(struct map *m, const char *key, size_t len, void *value)
{
	struct map_entry *e = map_entry_n(m, key, len);
	void *before = e->value;
	e->value = value;
	return before;
}

void *map_set(struct map *m, const char *key, void *value)
{
	return map_set_n(m, key, strlen(key), value);
}
