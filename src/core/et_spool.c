/*
 * The spool's directories, names and lock, and what is done to a file
 * without looking into it.
 *
 * Each call opens the directories anew: a spool that is mounted or made
 * again while NGINX runs is found again, and there is nothing to share
 * between threads or to inherit through a fork.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "et_spool_internal.h"


/* a directory that a worker could have put a link in the place of is not
 * followed by root */
#define ET_SPOOL_DIR  (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define ET_SPOOL_SUB  (ET_SPOOL_DIR | O_NOFOLLOW)

#define ET_SPOOL_SUFFIX  ".batch"


static int et_spool_give_dir(const et_spool_t *spool, int fd);
static int et_spool_give_files(const et_spool_t *spool, int root, uid_t owner);
static int et_spool_give_file(const et_spool_t *spool, int root,
    const char *name, uid_t owner);
static void et_spool_sync_parent(int root);
static size_t et_spool_digits(const char *p, size_t max);


et_spool_status_t
et_spool_create(const et_spool_t *spool)
{
    int                       made, root, fd;
    size_t                    i;
    et_spool_status_t         rc;
    static const char *const  subs[] = { ET_SPOOL_TMP, ET_SPOOL_FAILED,
                                         ET_SPOOL_DAMAGED_DIR };

    made = mkdir(spool->path, 0700) == 0;

    if (!made && errno != EEXIST) {
        return et_spool_errno();
    }

    root = et_spool_open_root(spool);
    if (root == -1) {
        return et_spool_errno();
    }

    if (made) {
        et_spool_sync_parent(root);
    }

    rc = ET_SPOOL_OK;

    if (et_spool_give_dir(spool, root) == -1) {
        rc = et_spool_errno();
    }

    for (i = 0; rc == ET_SPOOL_OK && i < sizeof(subs) / sizeof(subs[0]); i++) {

        fd = et_spool_open_sub(spool, root, subs[i]);

        if (fd == -1 || et_spool_give_dir(spool, fd) == -1) {
            rc = et_spool_errno();
        }

        et_spool_close_fd(fd);
    }

    et_spool_close_fd(root);

    return rc;
}


et_spool_status_t
et_spool_set_aside(const et_spool_t *spool, const char *name)
{
    int                root, to;
    int64_t            time;
    et_spool_status_t  rc;

    if (!et_spool_is_name(name, &time)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    root = et_spool_open_root(spool);
    if (root == -1) {
        return et_spool_errno();
    }

    to = et_spool_open_sub(spool, root, ET_SPOOL_DAMAGED_DIR);

    rc = (to == -1) ? et_spool_errno() : et_spool_move(root, to, name);

    et_spool_close_fd(to);
    et_spool_close_fd(root);

    return rc;
}


et_spool_status_t
et_spool_remove(const et_spool_t *spool, const char *name)
{
    int                root;
    int64_t            time;
    et_spool_status_t  rc;

    if (!et_spool_is_name(name, &time)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    root = et_spool_open_root(spool);
    if (root == -1) {
        return et_spool_errno();
    }

    rc = ET_SPOOL_OK;

    if (unlinkat(root, name, 0) == -1 && errno != ENOENT) {
        rc = et_spool_errno();
    }

    et_spool_close_fd(root);

    return rc;
}


et_spool_status_t
et_spool_lock(const et_spool_t *spool, int *fd)
{
    int                root;
    et_spool_status_t  rc;

    *fd = -1;

    root = et_spool_open_root(spool);
    if (root == -1) {
        return et_spool_errno();
    }

    *fd = openat(root, ET_SPOOL_LOCK,
                 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    rc = ET_SPOOL_OK;

    if (*fd == -1 || et_spool_give(spool, *fd) == -1) {
        rc = et_spool_errno();

    } else if (flock(*fd, LOCK_EX | LOCK_NB) == -1) {
        rc = (errno == EWOULDBLOCK) ? ET_SPOOL_BUSY : et_spool_errno();
    }

    if (rc != ET_SPOOL_OK) {
        et_spool_close_fd(*fd);
        *fd = -1;
    }

    et_spool_close_fd(root);

    return rc;
}


void
et_spool_unlock(int fd)
{
    et_spool_close_fd(fd);
}


et_spool_status_t
et_spool_move(int root, int to, const char *name)
{
    struct stat  st;

    if (renameat(root, name, to, name) == -1) {

        if (errno != ENOENT) {
            return et_spool_errno();
        }

        /* it may have been moved before, and the sync have failed */

        if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
            return (errno == ENOENT) ? ET_SPOOL_GONE : et_spool_errno();
        }
    }

    /* where it arrives first: there may be two of it, but not none */

    if (et_spool_sync(to) == -1 || et_spool_sync(root) == -1) {
        return et_spool_errno();
    }

    return ET_SPOOL_OK;
}


et_spool_status_t
et_spool_errno(void)
{
    return (errno == ENOSPC || errno == EDQUOT) ? ET_SPOOL_NO_SPACE
                                                : ET_SPOOL_ERROR;
}


int
et_spool_open_root(const et_spool_t *spool)
{
    return open(spool->path, ET_SPOOL_DIR);
}


int
et_spool_open_sub(const et_spool_t *spool, int root, const char *sub)
{
    int  fd;

    fd = openat(root, sub, ET_SPOOL_SUB);

    if (fd != -1 || errno != ENOENT) {
        return fd;
    }

    if (mkdirat(root, sub, 0700) == -1 && errno != EEXIST) {
        return -1;
    }

    fd = openat(root, sub, ET_SPOOL_SUB);
    if (fd == -1) {
        return -1;
    }

    /* or what is synced into it goes with it */

    if (et_spool_give(spool, fd) == -1 || et_spool_sync(root) == -1) {
        et_spool_close_fd(fd);
        return -1;
    }

    return fd;
}


int
et_spool_give(const et_spool_t *spool, int fd)
{
    if ((spool->uid == (uid_t) -1 && spool->gid == (gid_t) -1)
        || geteuid() != 0)
    {
        return 0;
    }

    return fchown(fd, spool->uid, spool->gid);
}


/* A directory that is there already and belongs to another is given too, as
 * NGINX does with its own: the configured user may have changed. */

static int
et_spool_give_dir(const et_spool_t *spool, int fd)
{
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return -1;
    }

    if ((spool->uid == (uid_t) -1 || spool->uid == st.st_uid)
        && (spool->gid == (gid_t) -1 || spool->gid == st.st_gid))
    {
        return 0;
    }

    /* the files first: should it end between, they are found again */

    if (geteuid() == 0 && spool->uid != (uid_t) -1 && spool->uid != st.st_uid
        && et_spool_give_files(spool, fd, st.st_uid) == -1)
    {
        return -1;
    }

    return et_spool_give(spool, fd);
}


static int
et_spool_give_files(const et_spool_t *spool, int root, uid_t owner)
{
    int             fd, err;
    DIR            *dir;
    struct dirent  *entry;

    fd = openat(root, ".", ET_SPOOL_DIR);
    if (fd == -1) {
        return -1;
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        et_spool_close_fd(fd);
        return -1;
    }

    do {
        errno = 0;
        entry = readdir(dir);

    } while (entry != NULL
             && et_spool_give_file(spool, fd, entry->d_name, owner) == 0);

    err = errno;
    (void) closedir(dir);
    errno = err;

    return (err == 0) ? 0 : -1;
}


/*
 * What is not the directory's former owner's is left alone: a link to another
 * user's file may have been put there for root to give away.
 */

static int
et_spool_give_file(const et_spool_t *spool, int root, const char *name,
    uid_t owner)
{
    int          fd, rc;
    struct stat  st;

    if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return (errno == ENOENT) ? 0 : -1;
    }

    if (!S_ISREG(st.st_mode) || st.st_uid != owner) {
        return 0;
    }

    fd = openat(root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1) {
        return (errno == ENOENT) ? 0 : -1;
    }

    rc = fstat(fd, &st);

    if (rc == 0 && S_ISREG(st.st_mode) && st.st_uid == owner) {
        rc = et_spool_give(spool, fd);
    }

    et_spool_close_fd(fd);

    return rc;
}


int
et_spool_sync(int fd)
{
    int  rc;

    do {
        rc = fsync(fd);
    } while (rc == -1 && errno == EINTR);

    return rc;
}


/* The parent may be a directory that cannot be read; then a loss of power
 * in the first seconds of a spool's life can take it away. */

static void
et_spool_sync_parent(int root)
{
    int  fd;

    fd = openat(root, "..", ET_SPOOL_DIR);

    if (fd != -1) {
        (void) et_spool_sync(fd);
        et_spool_close_fd(fd);
    }
}


/* What was written has been synced before, so there is nothing left that
 * close() could fail to do. */

void
et_spool_close_fd(int fd)
{
    int  err;

    if (fd != -1) {
        err = errno;
        (void) close(fd);
        errno = err;
    }
}


int
et_spool_is_token(et_slice_t s)
{
    size_t  i;

    if (s.len < 32 + 1 + 1 || s.len >= ET_SPOOL_TOKEN || s.data[32] != '-') {
        return 0;
    }

    for (i = 0; i < 32; i++) {
        if (!(s.data[i] >= '0' && s.data[i] <= '9')
            && !(s.data[i] >= 'a' && s.data[i] <= 'f'))
        {
            return 0;
        }
    }

    return et_spool_digits(s.data + 33, s.len - 33) == s.len - 33;
}


int
et_spool_is_name(const char *name, int64_t *time)
{
    size_t    i, len;
    uint64_t  value;

    len = strlen(name);

    if (len <= 21 + sizeof(ET_SPOOL_SUFFIX) - 1 || len >= ET_SPOOL_NAME
        || et_spool_digits(name, 20) != 20 || name[20] != '-')
    {
        return 0;
    }

    value = 0;

    for (i = 0; i < 20; i++) {
        if (value > (uint64_t) INT64_MAX / 10) {
            return 0;
        }

        value = value * 10 + (uint64_t) (name[i] - '0');
    }

    if (value > (uint64_t) INT64_MAX) {
        return 0;
    }

    *time = (int64_t) value;

    len -= sizeof(ET_SPOOL_SUFFIX) - 1;

    return strcmp(name + len, ET_SPOOL_SUFFIX) == 0
           && et_spool_is_token(et_slice(name + 21, len - 21));
}


static size_t
et_spool_digits(const char *p, size_t max)
{
    size_t  i;

    for (i = 0; i < max && p[i] >= '0' && p[i] <= '9'; i++) {
        /* void */
    }

    return i;
}
