/* Preloaded into the program under test: its time of day is as many seconds behind as the file CLOCK_BEHIND says. What the kernel
 * knows (times of files, time since the machine's start) stays as it is, as when somebody sets a machine's clock back. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long behind_s(void)
{
	const char *path = getenv("CLOCK_BEHIND");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
		text[0] = 0;
	if (fd >= 0)
		close(fd);
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	static int (*real)(clockid_t id, struct timespec *ret);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int code = real(id, ret);
	if (code == 0 && id == CLOCK_REALTIME)
		ret->tv_sec -= behind_s();
	return code;
}

time_t time(time_t *ret)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}
