/* Libraries that few verbs need are loaded when one does: linking Graphviz alone would cost every start a millisecond. */
#ifndef TWINC_BASE_LIBRARY_H
#define TWINC_BASE_LIBRARY_H
#include <stdbool.h>
#include <stddef.h>

struct library_symbol {
	const char *name;
	void **at; /* where its address goes */
};
/* Loads the library that the system knows by `file` and finds all of `symbols` in it; it stays. False with what to install in
 * `ret_error` where it, or one of them, is not there. */
bool library_load(const char *file, const char *package, const struct library_symbol *symbols, size_t n, char *ret_error, size_t error_len);
#endif
