/*
 * Small hashes for tables of our own: FNV-1a over bytes, and a mixer of
 * 64-bit words (the finaliser of SplitMix64).  Not for secrets.
 */

#ifndef ET_HASH_H
#define ET_HASH_H

#include "et_slice.h"


#define ET_FNV_BASIS  0xcbf29ce484222325ULL
#define ET_FNV_PRIME  0x00000100000001b3ULL


static inline uint64_t
et_fnv1a(uint64_t hash, et_slice_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        hash = (hash ^ (unsigned char) s.data[i]) * ET_FNV_PRIME;
    }

    return hash;
}


static inline uint64_t
et_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;

    return x ^ (x >> 31);
}


#endif /* ET_HASH_H */
