/*
 * System calls that fail when a test wants them to.
 *
 * The linker's --wrap puts these in the place of the calls that the objects
 * of a test program make themselves (see UNIT_LDFLAGS in the Makefile); what
 * the C library calls inside is not touched.  Those there are: open, openat,
 * mkdir, mkdirat, fchown, ftruncate, write, pwrite, pread, fsync, fdatasync,
 * renameat, unlinkat, fstat, fstatat, flock, fdopendir, readdir.
 */

#ifndef ET_FAIL_CALL_H
#define ET_FAIL_CALL_H


/* instead of an errno: write(), pwrite() and pread() do half of what they are
 * to, the others all of it; the process is killed before the call, or after
 * it */
#define ET_FAIL_SHORT   (-1)
#define ET_FAIL_BEFORE  (-2)
#define ET_FAIL_AFTER   (-3)


/* The Nth call of name from now (1 = the next) fails with err, once; NULL is
 * any of them; 0: none does. */
void et_fail_call(const char *name, unsigned long nth, int err);

/* The Nth call of name from now and all after it fail. */
void et_fail_calls(const char *name, unsigned long nth, int err);

/* How often calls have failed since. */
unsigned long et_fail_calls_failed(void);


#endif /* ET_FAIL_CALL_H */
