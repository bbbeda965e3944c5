/*
 * HMAC-SHA256 by OpenSSL.  The context keeps the state that follows from the
 * secret, so that a check costs one hash of a short number.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "et_key_secret.h"


#define ET_KEY_SECRET_SHA256  32


struct et_key_secret_s {
    EVP_MAC_CTX  *ctx;
};


et_key_secret_t *
et_key_secret_create(et_slice_t text)
{
    EVP_MAC          *mac;
    OSSL_PARAM        params[2];
    et_key_secret_t  *secret;

    secret = calloc(1, sizeof(et_key_secret_t));
    if (secret == NULL) {
        return NULL;
    }

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    if (mac != NULL) {
        secret->ctx = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (secret->ctx == NULL
        || EVP_MAC_init(secret->ctx, (const unsigned char *) text.data,
                        text.len, params)
           != 1)
    {
        et_key_secret_destroy(secret);
        return NULL;
    }

    return secret;
}


void
et_key_secret_destroy(et_key_secret_t *secret)
{
    if (secret != NULL) {
        EVP_MAC_CTX_free(secret->ctx);
        free(secret);
    }
}


int
et_key_secret_key(et_key_secret_t *secret, uint64_t project,
    char key[ET_KEY_SECRET_LEN])
{
    int            n;
    char           number[24];
    size_t         len;
    unsigned       i;
    unsigned char  mac[ET_KEY_SECRET_SHA256];

    static const char  hex[] = "0123456789abcdef";

    n = snprintf(number, sizeof(number), "%" PRIu64, project);

    /* without a key it starts anew with the one that it has */

    if (EVP_MAC_init(secret->ctx, NULL, 0, NULL) != 1
        || EVP_MAC_update(secret->ctx, (unsigned char *) number, (size_t) n)
           != 1
        || EVP_MAC_final(secret->ctx, mac, &len, sizeof(mac)) != 1
        || len != sizeof(mac))
    {
        return 0;
    }

    for (i = 0; i < ET_KEY_SECRET_LEN / 2; i++) {
        key[2 * i] = hex[mac[i] >> 4];
        key[2 * i + 1] = hex[mac[i] & 0xf];
    }

    return 1;
}


int
et_key_secret_check(et_key_secret_t *secret, et_slice_t key,
    uint64_t project)
{
    char  right[ET_KEY_SECRET_LEN];

    return key.len == ET_KEY_SECRET_LEN
           && et_key_secret_key(secret, project, right)
           && CRYPTO_memcmp(key.data, right, ET_KEY_SECRET_LEN) == 0;
}
