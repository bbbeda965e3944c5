/*
 * Keys without a list: the key of a project is the first 32 hexadecimal
 * digits of HMAC-SHA256 (RFC 2104) of its decimal number under a secret.
 *
 *     printf %s 5 | openssl dgst -sha256 -hmac "$(head -n1 FILE)" -r | cut -c1-32
 *
 * Promise: the comparison takes the same time whatever the key's first wrong
 * character is; a check allocates nothing.
 *
 * A secret belongs to one thread.
 */

#ifndef ET_KEY_SECRET_H
#define ET_KEY_SECRET_H

#include "et_slice.h"


/* bytes; what is shorter can be guessed, what is longer is some other file */
#define ET_KEY_SECRET_MIN  16
#define ET_KEY_SECRET_MAX  1024

/* characters of a key */
#define ET_KEY_SECRET_LEN  32


typedef struct et_key_secret_s  et_key_secret_t;


/* Of ET_KEY_SECRET_MIN to _MAX bytes, which are copied; NULL where OpenSSL has
 * no memory. */
et_key_secret_t *et_key_secret_create(et_slice_t text);
void et_key_secret_destroy(et_key_secret_t *secret);

/* The project's key, lower case and not terminated: 1, or 0 where OpenSSL
 * fails. */
int et_key_secret_key(et_key_secret_t *secret, uint64_t project,
    char key[ET_KEY_SECRET_LEN]);

/* 1 where the key is the project's. */
int et_key_secret_check(et_key_secret_t *secret, et_slice_t key,
    uint64_t project);


#endif /* ET_KEY_SECRET_H */
