#include "runtime/executor/mark.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool mark_is_on(pid_t pid, const char *mark)
{
	char path[40];
	static char text[65536]; /* the settings that we give stand first */
	size_t len = strlen(mark);
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	for (const char *at = text; at < text + n; at += strlen(at) + 1)
		if (strncmp(at, mark, len) == 0 && (at[len] == 0 || at[len] == '/'))
			return true;
	return false;
}
