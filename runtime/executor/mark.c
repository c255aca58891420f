#include "runtime/executor/mark.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES 10

/* Its settings, as they lie in its memory. */
static ssize_t environment(pid_t pid, char *ret, size_t size)
{
	char path[40];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, ret, size);
	close(fd);
	return n;
}

/* One that has ended, and a thread of the kernel, has none. */
static bool has_program(pid_t pid)
{
	char path[40], target[8];
	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	return readlink(path, target, sizeof target) > 0;
}

bool mark_is_on(pid_t pid, const char *mark)
{
	static char text[65536]; /* the settings that we give stand first */
	size_t len = strlen(mark);
	ssize_t n = environment(pid, text, sizeof text - 1);
	/* Nothing is read of one that is about to become another program. */
	for (int i = 0; n == 0 && i < TRIES && has_program(pid); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		n = environment(pid, text, sizeof text - 1);
	}
	text[n > 0 ? n : 0] = 0;
	for (const char *at = text; at < text + n; at += strlen(at) + 1)
		if (strncmp(at, mark, len) == 0 && (at[len] == 0 || at[len] == '/'))
			return true;
	return false;
}
