/*
 * Rules are numbered: those of the configuration, then the keys file's own of
 * each scope.  A bucket's id is made of whose it is and of the rule's
 * categories and rate, so that locations with the same rule share it, it
 * outlives a reload, and another rate begins anew.
 */

#include <stdio.h>

#include "et_hash.h"
#include "et_quota.h"


#define ET_QUOTA_ALL  (ET_QUOTA_RULES + ET_QUOTA_SCOPES)


static const et_limit_t *et_quota_rule(const et_quota_t *quota, size_t i,
    et_quota_scope_t *scope, uint32_t *categories);
static int et_quota_applies(uint32_t categories, et_category_t category);
static uint64_t et_quota_id(const et_quota_t *quota, et_quota_scope_t scope,
    uint32_t categories, const et_limit_t *limit);
static void et_quota_refuse(et_quota_t *quota, size_t rule, uint64_t wait);
static size_t et_quota_print(char *text, uint32_t wait, const char *scope,
    const char *reason, uint32_t categories);
static size_t et_quota_print_not_taken(char *text, uint32_t types);


static const char *const  et_quota_scope_names[] = { "project", "key" };

static const char *const  et_quota_reasons[] = {
    "project_quota", "key_quota"
};


int
et_quota_parse_categories(et_slice_t text, uint32_t *categories)
{
    size_t         i, start;
    et_category_t  category;

    *categories = 0;
    start = 0;

    for (i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '|') {
            continue;
        }

        category = et_category_parse(et_slice(text.data + start, i - start));

        if (category == ET_CATEGORY_UNKNOWN) {
            return 0;
        }

        *categories |= 1u << category;
        start = i + 1;
    }

    return 1;
}


void
et_quota_open(et_quota_t *quota, uint64_t project, et_slice_t key)
{
    quota->hash[ET_QUOTA_PROJECT] = et_mix64(project + 1);
    quota->hash[ET_QUOTA_KEY] = et_mix64(et_fnv1a(ET_FNV_BASIS, key));

    memset(quota->wait, 0, sizeof(quota->wait));
}


int
et_quota_any(const et_quota_t *quota)
{
    return quota->rules->n != 0 || quota->own[ET_QUOTA_PROJECT] != NULL
           || quota->own[ET_QUOTA_KEY] != NULL;
}


/* The limit of a rule; NULL where there is none of this number. */

static const et_limit_t *
et_quota_rule(const et_quota_t *quota, size_t i, et_quota_scope_t *scope,
    uint32_t *categories)
{
    const et_quota_rule_t  *rule;

    if (i >= ET_QUOTA_RULES) {
        *scope = (et_quota_scope_t) (i - ET_QUOTA_RULES);
        *categories = 0;

        return quota->own[*scope];
    }

    if (i >= quota->rules->n) {
        return NULL;
    }

    rule = &quota->rules->rules[i];

    *scope = rule->scope;
    *categories = rule->categories;

    return rule->categories == 0 && quota->own[rule->scope] != NULL
           ? NULL : &rule->limit;
}


static int
et_quota_applies(uint32_t categories, et_category_t category)
{
    return categories == 0 ? category != ET_CATEGORY_ATTACHMENT
                           : (categories >> category & 1) != 0;
}


static uint64_t
et_quota_id(const et_quota_t *quota, et_quota_scope_t scope,
    uint32_t categories, const et_limit_t *limit)
{
    return et_mix64(quota->hash[scope]
                    ^ et_mix64(limit->interval ^ (uint64_t) categories << 40
                               ^ (uint64_t) scope << 39));
}


int
et_quota_take(et_quota_t *quota, et_category_t category, uint64_t n,
    const char **reason)
{
    size_t             i, taken[ET_QUOTA_ALL], ntaken;
    uint32_t           categories;
    uint64_t           wait;
    const et_limit_t  *limit;
    et_quota_scope_t   scope;

    wait = 0;

    for (i = 0, ntaken = 0; i < ET_QUOTA_ALL; i++) {
        limit = et_quota_rule(quota, i, &scope, &categories);

        if (limit == NULL || !et_quota_applies(categories, category)) {
            continue;
        }

        wait = et_limit_take(quota->table, quota->slots,
                             et_quota_id(quota, scope, categories, limit),
                             limit, quota->now, n);
        if (wait != 0) {
            et_quota_refuse(quota, i, wait);
            *reason = et_quota_reasons[scope];
            break;
        }

        taken[ntaken++] = i;
    }

    if (wait == 0) {
        return 1;
    }

    while (ntaken > 0) {
        limit = et_quota_rule(quota, taken[--ntaken], &scope, &categories);

        et_limit_give(quota->table, quota->slots,
                      et_quota_id(quota, scope, categories, limit), limit, n);
    }

    return 0;
}


int
et_quota_ask(et_quota_t *quota, et_category_t category, const char **reason)
{
    size_t             i;
    uint32_t           categories;
    uint64_t           wait;
    const et_limit_t  *limit;
    et_quota_scope_t   scope;

    for (i = 0; i < ET_QUOTA_ALL; i++) {
        limit = et_quota_rule(quota, i, &scope, &categories);

        if (limit == NULL || !et_quota_applies(categories, category)) {
            continue;
        }

        wait = et_limit_ask(quota->table, quota->slots,
                            et_quota_id(quota, scope, categories, limit),
                            limit, quota->now);
        if (wait != 0) {
            et_quota_refuse(quota, i, wait);
            *reason = et_quota_reasons[scope];
            return 0;
        }
    }

    return 1;
}


int
et_quota_exceeded(et_quota_t *quota)
{
    size_t             i;
    uint32_t           categories;
    uint64_t           wait;
    const et_limit_t  *limit;
    et_quota_scope_t   scope;

    for (i = 0; i < ET_QUOTA_ALL; i++) {
        limit = et_quota_rule(quota, i, &scope, &categories);

        if (limit == NULL || categories != 0) {
            continue;
        }

        wait = et_limit_ask(quota->table, quota->slots,
                            et_quota_id(quota, scope, categories, limit),
                            limit, quota->now);
        if (wait != 0) {
            et_quota_refuse(quota, i, wait);
            return 1;
        }
    }

    return 0;
}


static void
et_quota_refuse(et_quota_t *quota, size_t rule, uint64_t wait)
{
    uint32_t  seconds;

    wait = (wait + ET_LIMIT_SECOND - 1) / ET_LIMIT_SECOND;
    seconds = wait < UINT32_MAX ? (uint32_t) wait : UINT32_MAX;

    if (seconds > quota->wait[rule]) {
        quota->wait[rule] = seconds;
    }
}


unsigned
et_quota_retry_after(const et_quota_t *quota)
{
    size_t    i;
    unsigned  max;

    for (i = 0, max = 0; i < ET_QUOTA_ALL; i++) {
        if (quota->wait[i] > max) {
            max = quota->wait[i];
        }
    }

    return max;
}


size_t
et_quota_header(const et_quota_t *quota, uint32_t not_taken, char *text)
{
    size_t            i, len;
    uint32_t          categories;
    et_quota_scope_t  scope;

    len = 0;

    for (i = 0; i < ET_QUOTA_ALL; i++) {
        if (quota->wait[i] == 0) {
            continue;
        }

        /* what waits is a rule's, which a compiler can't know */

        scope = 0;
        categories = 0;

        (void) et_quota_rule(quota, i, &scope, &categories);

        if (len != 0) {
            len += (size_t) sprintf(text + len, ", ");
        }

        len += et_quota_print(text + len, quota->wait[i],
                              et_quota_scope_names[scope],
                              et_quota_reasons[scope], categories);
    }

    if (not_taken != 0) {
        if (len != 0) {
            len += (size_t) sprintf(text + len, ", ");
        }

        len += et_quota_print_not_taken(text + len, not_taken);
    }

    return len;
}


static size_t
et_quota_print(char *text, uint32_t wait, const char *scope,
    const char *reason, uint32_t categories)
{
    int     i;
    size_t  len;

    len = (size_t) sprintf(text, "%lu:", (unsigned long) wait);

    for (i = 0; i < ET_CATEGORY_COUNT; i++) {
        if ((categories >> i & 1) == 0) {
            continue;
        }

        len += (size_t) sprintf(text + len, "%s%s",
                                text[len - 1] == ':' ? "" : ";",
                                et_category_names[i]);
    }

    return len + (size_t) sprintf(text + len, ":%s:%s", scope, reason);
}


/* By type, since SDKs have more categories for profiles than one. */

static size_t
et_quota_print_not_taken(char *text, uint32_t types)
{
    int          i;
    size_t       len;
    uint32_t     categories;
    const char  *name;

    static const char *const  names[ET_ITEM_TYPE_COUNT] = {
        [ET_ITEM_PROFILE_CHUNK] = "profile_chunk;profile_chunk_ui",
    };

    len = (size_t) sprintf(text, "%d:", ET_NOT_TAKEN);

    for (i = 0, categories = 0; i < ET_ITEM_TYPE_COUNT; i++) {
        if ((types >> i & 1) == 0) {
            continue;
        }

        name = names[i];

        if (name == NULL) {
            if (categories >> et_item_category(i) & 1) {
                continue;
            }

            categories |= 1u << et_item_category(i);
            name = et_category_names[et_item_category(i)];
        }

        len += (size_t) sprintf(text + len, "%s%s",
                                text[len - 1] == ':' ? "" : ";", name);
    }

    return len + (size_t) sprintf(text + len, ":organization:not_taken");
}
