/* unsynced: a preload library that makes a kill lose what was not yet synced.
 *
 * A SIGKILL alone loses nothing: what a process wrote stays in the kernel's
 * page cache. A power cut loses what no fsync has brought to the disk. This
 * library notes, before each change of a file below UNSYNCED_DIR, how to undo
 * it; an fsync or fdatasync makes the changes of that file final. After the
 * kill, package unsynced reads the notes and undoes what was not final, or a
 * part of it, as a disk would that wrote pages in any sequence.
 *
 * Noted: write, pwrite, writev, ftruncate, truncating opens, and of
 * directories: creating, rename, unlink (final with an fsync of the directory).
 * Not noted: writes through mmap. SQLite writes so only to its -shm file, whose
 * content means nothing after a crash: the first connection rebuilds it.
 * Seen is only what goes through libc, as SQLite does; what Go writes itself
 * calls the kernel directly. See README.md.
 *
 * Environment: UNSYNCED_DIR, the folder watched (absolute, no links).
 * UNSYNCED_LOG, the folder of the notes, on the same file system, outside.
 * UNSYNCED_LIE=1: syncs make nothing final, as a disk that lies.
 * UNSYNCED_SLOW: microseconds that each sync takes longer, as on a slow disk:
 * the longer, the more kills fall between a change and its sync.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* A record of the log; journal.go reads it. Little endian, no padding. */
enum { OP_WRITE = 1, OP_TRUNCATE, OP_CREATE, OP_RENAME, OP_UNLINK, OP_SYNC, OP_SYNC_DIR };
struct record {
	uint32_t magic, op;
	uint64_t ino;      /* of the file, or of the directory synced */
	uint64_t off, len; /* what is written; after a truncation: off = new size */
	uint64_t size;     /* of the file before */
	uint32_t old, path1, path2, pad; /* lengths of what follows: old bytes, paths */
};
#define MAGIC 0x4f4e5955u

#define MAXFD 4096
static unsigned char watched[MAXFD]; /* 1: file, 2: directory */
static char dir[PATH_MAX], keep[PATH_MAX];
static size_t dirlen;
static int logfd = -1, lie, slow;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(&r_##name, #name))
static void *r_write, *r_pwrite64, *r_writev, *r_ftruncate64, *r_fsync, *r_fdatasync,
	*r_rename, *r_unlink, *r_unlinkat, *r_openat, *r_close;

static void *real(void **slot, const char *name)
{
	if (!*slot)
		*slot = dlsym(RTLD_NEXT, name);
	return *slot;
}

static void die(const char *what)
{
	fprintf(stderr, "unsynced: %s: %s\n", what, strerror(errno));
	abort(); /* a layer that noted nothing would prove nothing */
}

__attribute__((constructor)) static void begin(void)
{
	const char *d = getenv("UNSYNCED_DIR"), *l = getenv("UNSYNCED_LOG"), *e = getenv("UNSYNCED_LIE");
	char path[PATH_MAX];
	if (!d || !l)
		return;
	if (snprintf(dir, sizeof dir, "%s/", d) >= (int)sizeof dir || snprintf(keep, sizeof keep, "%s/kept-", l) >= (int)sizeof keep ||
	    snprintf(path, sizeof path, "%s/log", l) >= (int)sizeof path)
		die("long path");
	dirlen = strlen(dir);
	lie = e && *e == '1';
	slow = getenv("UNSYNCED_SLOW") ? atoi(getenv("UNSYNCED_SLOW")) : 0;
	logfd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (logfd < 0)
		die(path);
}

/* absolute writes the absolute form of path; 0 if it is not below dir. */
static int absolute(int at, const char *path, char *out)
{
	char cwd[PATH_MAX];
	if (logfd < 0 || (path[0] != '/' && at != AT_FDCWD))
		return 0;
	if (path[0] == '/') {
		if (snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX)
			return 0;
	} else if (!getcwd(cwd, sizeof cwd) || snprintf(out, PATH_MAX, "%s/%s", cwd, path) >= PATH_MAX) {
		return 0;
	}
	return strncmp(out, dir, dirlen) == 0 || (strlen(out) == dirlen - 1 && strncmp(out, dir, dirlen - 1) == 0);
}

static int shm(const char *path)
{
	size_t n = strlen(path);
	return n >= 4 && strcmp(path + n - 4, "-shm") == 0;
}

/* note appends a record with what belongs to it, in one write. */
static void note(struct record *r, const void *old, const char *path1, const char *path2)
{
	struct iovec v[4] = {{r, sizeof *r}, {(void *)old, r->old}, {(void *)path1, 0}, {(void *)path2, 0}};
	size_t all;
	r->magic = MAGIC;
	v[2].iov_len = r->path1 = path1 ? strlen(path1) : 0;
	v[3].iov_len = r->path2 = path2 ? strlen(path2) : 0;
	all = sizeof *r + r->old + r->path1 + r->path2;
	if (syscall(SYS_writev, logfd, v, 4) != (long)all)
		die("note");
}

/* note_write notes the bytes that a write will cover; the lock is held. */
static void note_write(int fd, uint64_t off, uint64_t len)
{
	struct stat st;
	struct record r = {0};
	char *old = NULL;
	int saved = errno;
	if (fstat(fd, &st) != 0)
		die("fstat");
	r.op = OP_WRITE, r.ino = st.st_ino, r.off = off, r.len = len, r.size = st.st_size;
	if (off < r.size && len > 0) {
		r.old = len < r.size - off ? len : r.size - off;
		old = malloc(r.old);
		/* SQLite opens its files for reading and writing. */
		if (!old || pread(fd, old, r.old, off) != (ssize_t)r.old)
			die("read what was there");
	}
	note(&r, old, NULL, NULL);
	free(old);
	errno = saved;
}

static void note_truncate(int fd, uint64_t to)
{
	struct stat st;
	struct record r = {0};
	char *old = NULL;
	int saved = errno;
	if (fstat(fd, &st) != 0)
		die("fstat");
	r.op = OP_TRUNCATE, r.ino = st.st_ino, r.off = to, r.size = st.st_size;
	if (to < r.size) {
		r.old = r.size - to;
		old = malloc(r.old);
		if (!old || pread(fd, old, r.old, to) != (ssize_t)r.old)
			die("read what was there");
	}
	note(&r, old, NULL, NULL);
	free(old);
	errno = saved;
}

/* final notes that a sync has ended well. */
static void final(int fd)
{
	struct stat st;
	struct record r = {0};
	int saved = errno;
	if (lie)
		return;
	if (fstat(fd, &st) != 0)
		die("fstat");
	r.op = watched[fd] == 2 ? OP_SYNC_DIR : OP_SYNC;
	r.ino = st.st_ino;
	note(&r, NULL, NULL, NULL);
	errno = saved;
}

static int is_watched(int fd) { return fd >= 0 && fd < MAXFD && watched[fd]; }

/* keep_link gives a file that loses its name another one, so that it can come
 * back and its inode is not used again. */
static uint64_t keep_link(const char *path)
{
	struct stat st;
	char name[PATH_MAX + 32];
	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	snprintf(name, sizeof name, "%s%llu", keep, (unsigned long long)st.st_ino);
	if (link(path, name) != 0 && errno != EEXIST)
		die("keep a file");
	return st.st_ino;
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t off)
{
	ssize_t out;
	if (!is_watched(fd))
		return REAL(pwrite64)(fd, buf, n, off);
	pthread_mutex_lock(&lock);
	note_write(fd, off, n);
	out = REAL(pwrite64)(fd, buf, n, off);
	pthread_mutex_unlock(&lock);
	return out;
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t off) { return pwrite64(fd, buf, n, off); }

/* at returns where the next write of fd goes. */
static uint64_t at(int fd)
{
	struct stat st;
	if (fcntl(fd, F_GETFL) & O_APPEND)
		return fstat(fd, &st) == 0 ? st.st_size : 0;
	return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	ssize_t out;
	if (!is_watched(fd))
		return REAL(write)(fd, buf, n);
	pthread_mutex_lock(&lock);
	note_write(fd, at(fd), n);
	out = REAL(write)(fd, buf, n);
	pthread_mutex_unlock(&lock);
	return out;
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	ssize_t out;
	size_t n = 0;
	if (!is_watched(fd))
		return REAL(writev)(fd, v, count);
	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	pthread_mutex_lock(&lock);
	note_write(fd, at(fd), n);
	out = REAL(writev)(fd, v, count);
	pthread_mutex_unlock(&lock);
	return out;
}

int ftruncate64(int fd, off64_t to)
{
	int out;
	if (!is_watched(fd))
		return REAL(ftruncate64)(fd, to);
	pthread_mutex_lock(&lock);
	note_truncate(fd, to);
	out = REAL(ftruncate64)(fd, to);
	pthread_mutex_unlock(&lock);
	return out;
}

int ftruncate(int fd, off_t to) { return ftruncate64(fd, to); }

static int synced(int fd, int (*sync)(int))
{
	int out;
	if (!is_watched(fd))
		return sync(fd);
	pthread_mutex_lock(&lock); /* no write slips in between the sync and its note */
	if (slow > 0)
		usleep(slow);
	out = sync(fd);
	if (out == 0)
		final(fd);
	pthread_mutex_unlock(&lock);
	return out;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int rename(const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	struct record r = {0};
	int out;
	if (!absolute(AT_FDCWD, from, a) || !absolute(AT_FDCWD, to, b))
		return REAL(rename)(from, to);
	pthread_mutex_lock(&lock);
	r.op = OP_RENAME;
	r.ino = keep_link(b); /* what is replaced; 0: nothing */
	note(&r, NULL, a, b);
	out = REAL(rename)(from, to);
	pthread_mutex_unlock(&lock);
	return out;
}

static int removed(const char *path, int (*remove)(int, const char *, int), int fd, const char *given, int flags)
{
	struct record r = {0};
	int out;
	pthread_mutex_lock(&lock);
	r.op = OP_UNLINK;
	r.ino = keep_link(path);
	if (r.ino)
		note(&r, NULL, path, NULL);
	out = remove(fd, given, flags);
	pthread_mutex_unlock(&lock);
	return out;
}

static int remove_plain(int fd, const char *path, int flags)
{
	(void)fd, (void)flags;
	return REAL(unlink)(path);
}

int unlink(const char *path)
{
	char a[PATH_MAX];
	if (!absolute(AT_FDCWD, path, a) || shm(a))
		return REAL(unlink)(path);
	return removed(a, remove_plain, 0, path, 0);
}

int unlinkat(int fd, const char *path, int flags)
{
	char a[PATH_MAX];
	if (!absolute(fd, path, a) || shm(a) || (flags & AT_REMOVEDIR))
		return REAL(unlinkat)(fd, path, flags);
	return removed(a, REAL(unlinkat), fd, path, flags);
}

/* opened notes what an open may change and watches the descriptor. */
static int opened(int at, const char *path, int flags, mode_t mode)
{
	char a[PATH_MAX];
	struct stat st;
	struct record r = {0};
	int fd, fresh;
	if (!absolute(at, path, a) || shm(a))
		return REAL(openat)(at, path, flags, mode);
	pthread_mutex_lock(&lock);
	fresh = (flags & O_CREAT) && lstat(a, &st) != 0 && errno == ENOENT;
	if (fresh) {
		r.op = OP_CREATE;
		note(&r, NULL, a, NULL);
	}
	fd = REAL(openat)(at, path, flags & ~O_TRUNC, mode);
	if (fd >= 0 && fd < MAXFD && fstat(fd, &st) == 0) {
		watched[fd] = S_ISDIR(st.st_mode) ? 2 : S_ISREG(st.st_mode) ? 1 : 0;
		if ((flags & O_TRUNC) && watched[fd] == 1) {
			if (st.st_size > 0)
				note_truncate(fd, 0);
			if (REAL(ftruncate64)(fd, 0) != 0)
				die("truncate at open");
		}
	} else if (fd >= MAXFD) {
		die("too many files"); /* cannot be watched */
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

#define MODE(flags, last) \
	mode_t mode = 0; \
	if ((flags) & (O_CREAT | O_TMPFILE)) { \
		va_list ap; \
		va_start(ap, last); \
		mode = va_arg(ap, int); \
		va_end(ap); \
	}

int open(const char *path, int flags, ...)
{
	MODE(flags, flags)
	return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE(flags, flags)
	return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	MODE(flags, flags)
	return opened(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
	MODE(flags, flags)
	return opened(at, path, flags | O_LARGEFILE, mode);
}

int close(int fd)
{
	if (fd >= 0 && fd < MAXFD)
		watched[fd] = 0;
	return REAL(close)(fd);
}
