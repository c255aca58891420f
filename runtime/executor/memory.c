/* How much memory a process and all below it hold. */
#include "runtime/executor/memory.h"
#include "runtime/executor/mark.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PROCESSES 1024

static ssize_t read_proc(pid_t pid, const char *name, char *text, size_t len)
{
	char path[128];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, len - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n;
}

static uint64_t resident_bytes(pid_t pid)
{
	char text[128];
	unsigned long all, resident;
	read_proc(pid, "statm", text, sizeof text);
	return sscanf(text, "%lu %lu", &all, &resident) == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Pages that several processes share count once in all. */
static uint64_t proportional_bytes(pid_t pid)
{
	char text[2048];
	unsigned long kib = 0;
	read_proc(pid, "smaps_rollup", text, sizeof text);
	const char *at = strstr(text, "\nPss:");
	return at && sscanf(at, "\nPss: %lu", &kib) == 1 ? (uint64_t)kib * 1024 : resident_bytes(pid);
}

static uint64_t tree_bytes(pid_t root, const char *mark, uint64_t (*of)(pid_t pid))
{
	pid_t pids[MAX_PROCESSES] = { root };
	char name[64], text[8192];
	uint64_t sum = 0;
	for (uint32_t i = 0, n = 1; i < n; i++) {
		sum += !mark || mark_is_on(pids[i], mark) ? of(pids[i]) : 0;
		snprintf(name, sizeof name, "task/%d/children", (int)pids[i]);
		read_proc(pids[i], name, text, sizeof text);
		for (char *at = text, *end; n < MAX_PROCESSES; at = end) {
			long pid = strtol(at, &end, 10);
			if (end == at)
				break;
			pids[n++] = (pid_t)pid;
		}
	}
	return sum;
}

bool memory_exceeds(pid_t pid, const char *mark, uint64_t limit)
{
	return tree_bytes(pid, mark, resident_bytes) > limit && tree_bytes(pid, mark, proportional_bytes) > limit;
}
