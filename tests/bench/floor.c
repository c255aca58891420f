/* floor N JOBS DIR: runs `sh -c "echo I > o"` N times, JOBS at a time, each in a folder of its own: what no runner of
 * these commands can be faster than. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void start(int i, const char *root)
{
	char folder[4096], script[64];
	char sh[] = "sh", option[] = "-euc";
	char *argv[] = {sh, option, script, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	snprintf(folder, sizeof folder, "%s/%d", root, i);
	snprintf(script, sizeof script, "echo %d > o", i);
	mkdir(folder, 0777);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, folder);
	if (posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ))
		exit(1);
	posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 64;
	int n = atoi(argv[1]), jobs = atoi(argv[2]), running = 0;
	for (int i = 0; i < n; i++) {
		if (running == jobs) {
			wait(NULL);
			running--;
		}
		start(i, argv[3]);
		running++;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
