/*
 * What a minidump says of a crash without symbols: what was raised, where,
 * and on which system.
 *
 * The format is Microsoft's (MINIDUMP_HEADER and its streams, "minidumpapiset"
 * documentation), which Breakpad and Crashpad write on other systems, too,
 * with a signal or a Mach exception for the code.
 *
 * Promise: nothing is read outside of the bytes given, whatever they say.
 */

#ifndef ET_MINIDUMP_H
#define ET_MINIDUMP_H

#include "et_slice.h"


#define ET_MINIDUMP_MODULE  128        /* bytes of a module's name */


typedef struct {
    int64_t      time;                 /* seconds since 1970; 0: unknown */
    unsigned     raised:1;             /* it has an exception */
    uint32_t     code;
    uint64_t     address;
    uint64_t     offset;               /* of the address in the module */
    const char  *os;                   /* "Windows", "Linux", ... or "" */
    const char  *type;                 /* the code's name, or "" */
    et_slice_t   module;               /* base name, points into name */
    char         name[ET_MINIDUMP_MODULE];
} et_minidump_t;


/* 1, or 0 where the bytes are no minidump; what is missing in one is left
 * empty. */
int et_minidump_read(et_slice_t data, et_minidump_t *dump);


#endif /* ET_MINIDUMP_H */
