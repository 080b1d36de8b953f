/* A program that changes files as it is told and then dies: what is left of
 * them after Rollback is what the test checks. Each argument is one step. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(int ok, const char *step)
{
	if (!ok) {
		perror(step);
		_exit(1);
	}
}

int main(int n, char **v)
{
	int fd = -1;
	for (int i = 1; i < n; i++) {
		char *a = strchr(v[i], '='), *b;
		*a++ = 0;
		b = strchr(a, ',');
		if (b)
			*b++ = 0;
		if (!strcmp(v[i], "open"))
			check((fd = open(a, O_RDWR | O_CREAT, 0600)) >= 0, a);
		else if (!strcmp(v[i], "empty"))
			check((fd = open(a, O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0, a);
		else if (!strcmp(v[i], "put")) /* put=OFFSET,TEXT */
			check(pwrite(fd, b, strlen(b), atol(a)) == (ssize_t)strlen(b), a);
		else if (!strcmp(v[i], "page")) { /* page=NUMBER,LETTER: 4 KB of it */
			char p[4096];
			memset(p, *b, sizeof p);
			check(pwrite(fd, p, sizeof p, 4096 * atol(a)) == sizeof p, a);
		} else if (!strcmp(v[i], "append")) {
			check(lseek(fd, 0, SEEK_END) >= 0, a);
			check(write(fd, a, strlen(a)) == (ssize_t)strlen(a), a);
		} else if (!strcmp(v[i], "cut"))
			check(ftruncate(fd, atol(a)) == 0, a);
		else if (!strcmp(v[i], "sync"))
			check(fdatasync(fd) == 0, a);
		else if (!strcmp(v[i], "syncdir")) {
			int d = open(a, O_RDONLY | O_DIRECTORY);
			check(d >= 0 && fsync(d) == 0 && close(d) == 0, a);
		} else if (!strcmp(v[i], "rename"))
			check(rename(a, b) == 0, a);
		else if (!strcmp(v[i], "remove"))
			check(unlink(a) == 0, a);
		else
			check(0, v[i]);
	}
	kill(getpid(), SIGKILL);
	return 1;
}
