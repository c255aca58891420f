/* Preloaded into the program under test: a disk that takes a third of a second until what was written is safe. */
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

static int slowly(const char *name, int fd)
{
	int (*real)(int fd);
	struct timespec third = { 0, 333000000 };
	*(void **)&real = dlsym(RTLD_NEXT, name);
	nanosleep(&third, NULL);
	return real(fd);
}

int fsync(int fd)
{
	return slowly("fsync", fd);
}

int fdatasync(int fd)
{
	return slowly("fdatasync", fd);
}
