#include "compiler/base/library.h"
#include <dlfcn.h>
#include <stdio.h>

bool library_load(const char *file, const char *package, const struct library_symbol *symbols, size_t n, char *ret_error, size_t error_len)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	bool ok = handle != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = (*symbols[i].at = dlsym(handle, symbols[i].name)) != NULL;
	if (!ok)
		snprintf(ret_error, error_len, "%s cannot be loaded (%s): install the package %s", file, dlerror(), package);
	if (!ok && handle)
		dlclose(handle);
	return ok;
}
