/*
 * Keys that follow from a secret: those that the openssl command prints, and
 * memory failing.
 */

#include "et_key_secret.h"
#include "et_test.h"


#define SECRET  "a secret of the test's own"


static et_key_secret_t *
create(const char *text)
{
    return et_key_secret_create(et_slice_str(text));
}


static void
test_keys(void)
{
    char              key[ET_KEY_SECRET_LEN];
    size_t            i;
    et_key_secret_t  *secret, *other;

    /* printf %s 5 | openssl dgst -sha256 -hmac "$SECRET" -r | cut -c1-32 */

    static const struct {
        uint64_t     project;
        const char  *key;
    } known[] = {
        { 1, "1aac434b9560f6d310e03f70ded4d8e1" },
        { 5, "763fdcf78cf961e9fd0f17358285894b" },
        { UINT64_MAX, "1cb87383f4338bd4392d78ec513201fc" },
    };

    secret = create(SECRET);
    other = create("another secret, of another length");

    ET_TEST("a project's key is what the openssl command prints") {
        et_check(secret != NULL && other != NULL);

        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            et_check(et_key_secret_key(secret, known[i].project, key));
            et_check_str(et_slice(key, sizeof(key)), known[i].key);
        }
    }

    ET_TEST("a key opens its own project under its own secret alone") {
        et_check(et_key_secret_check(secret, et_slice_str(known[0].key), 1));
        et_check(et_key_secret_check(secret, et_slice_str(known[1].key), 5));
        et_check(!et_key_secret_check(secret, et_slice_str(known[0].key), 5));
        et_check(!et_key_secret_check(secret, et_slice_str(known[1].key), 1));
        et_check(!et_key_secret_check(other, et_slice_str(known[0].key), 1));
    }

    ET_TEST("a key that differs in a character, in case or in length is none")
    {
        memcpy(key, known[0].key, sizeof(key));

        for (i = 0; i < sizeof(key); i++) {
            key[i] ^= 1;
            et_check(!et_key_secret_check(secret, et_slice(key, sizeof(key)),
                                          1));
            key[i] ^= 1;

            et_check(!et_key_secret_check(secret, et_slice(key, i), 1));

            if (key[i] >= 'a') {
                key[i] ^= 0x20;
                et_check(!et_key_secret_check(secret,
                                              et_slice(key, sizeof(key)), 1));
                key[i] ^= 0x20;
            }
        }

        et_check(!et_key_secret_check(secret, et_slice(NULL, 0), 1));
        et_check(et_key_secret_check(secret, et_slice(key, sizeof(key)), 1));
    }

    et_key_secret_destroy(secret);
    et_key_secret_destroy(other);
}


static void
test_failures(void)
{
    unsigned long     n, failed;
    et_key_secret_t  *secret;

    ET_TEST("each malloc() that fails gives no secret, or a whole one") {
        failed = 0;

        for (n = 1; n < 100; n++) {
            et_fail_nth(n);
            secret = create(SECRET);

            if (!et_fail_reached()) {
                et_fail_nth(0);
                et_check(secret != NULL);
                et_key_secret_destroy(secret);
                break;
            }

            failed += secret == NULL;
            et_check(secret == NULL
                     || et_key_secret_check(secret, et_slice_str("1aac434b9560f6d310e03f70ded4d8e1"), 1));
            et_key_secret_destroy(secret);
        }

        et_check(failed >= 1 && n < 100);
    }
}


int
main(void)
{
    test_keys();
    test_failures();

    return et_test_done();
}
