/*
 * Releases: those that somebody has made, and those that events and sessions
 * were seen in, put together by their version; and their deploys.
 *
 * A list is read in two steps: its page, and then what is shown of its few:
 * how many errors were new in each, and where it was put.
 *
 *     step 0   et_releases_ask_page()
 *     step 1   et_releases_read_page(), et_releases_ask_shown()
 *     step 2   et_releases_read_shown()
 */

#ifndef ET_RELEASES_H
#define ET_RELEASES_H

#include "et_cursor.h"


/* bytes of a version, at the most */
#define ET_MAX_VERSION  200


typedef struct {
    const uint64_t  *projects;
    size_t           nprojects;
    unsigned         all:1;        /* projects: all that there are */
    et_slice_t       version;      /* this one alone; data NULL: all */
    et_slice_t       text;         /* in the version; len 0: any */
    et_slice_t       status;       /* "open", "archived"; len 0: any */
    int64_t          before;       /* with commits, of this key at the most, and
                                      not version, but before it; 0: all */
    et_cursor_t      cursor;
    uint64_t         limit;
} et_releases_filter_t;

typedef struct {
    uint64_t         id;
    et_slice_t       environment;
    et_slice_t       name;
    et_slice_t       url;
    int64_t          started;
    int64_t          finished;
} et_deploy_t;

typedef struct {
    et_slice_t       version;
    int64_t          key;          /* when it went out, else when it began */
    uint64_t         hash;         /* of the version */
    unsigned         made:1;       /* by somebody */
    unsigned         seen:1;       /* in an event or session */
    int64_t          created;      /* or first seen */
    int64_t          released;     /* 0: it was not */
    int64_t          first_event;  /* 0: there is none */
    int64_t          last_event;
    uint64_t         n;            /* events */
    et_slice_t       ref;
    et_slice_t       url;
    et_slice_t       status;       /* "": open */
    uint64_t         commits;
    et_slice_t       last_commit;  /* JSON; len 0: none */
    uint64_t        *projects;
    size_t           nprojects;

    /* shown */
    uint64_t         new_errors;
    uint64_t        *new_of;       /* the same by project */
    uint64_t         deploys;
    et_deploy_t      last_deploy;
} et_release_t;

typedef struct {
    et_release_t    *items;
    size_t           n;
    unsigned         more:1;
    unsigned         before:1;
} et_releases_t;

/* What is said about a release; slices: data NULL stays as it is. */
typedef struct {
    et_slice_t       version;
    int64_t          released;     /* -1: stays as it is */
    et_slice_t       ref;
    et_slice_t       url;
    et_slice_t       status;
    et_slice_t       commits;      /* JSON, of so many */
    et_slice_t       last_commit;
    uint64_t         ncommits;
} et_release_put_t;


void et_releases_ask_page(et_call_t *call,
    const et_releases_filter_t *filter);

/* 1, or 0 where the call is answered. */
int et_releases_read_page(et_call_t *call, et_slice_t answer,
    const et_releases_filter_t *filter, et_releases_t *list);

/* The pages before and behind. */
void et_releases_link(et_call_t *call, const et_releases_t *list);

/* Adds two queries. */
void et_releases_ask_shown(et_call_t *call,
    const et_releases_filter_t *filter, const et_releases_t *list);
int et_releases_read_shown(et_call_t *call, const et_slice_t *answers,
    et_releases_t *list);

/* A row for each of the projects. */
void et_release_write(et_call_t *call, const et_release_put_t *put,
    const uint64_t *projects, size_t nprojects);

/* Two statements: the release, and its deploys. */
void et_release_delete(et_call_t *call, et_slice_t version,
    const uint64_t *projects, size_t nprojects);

/* The commits of a release, as JSON; len 0: none. */
void et_release_ask_commits(et_call_t *call, et_slice_t version,
    const uint64_t *projects, size_t nprojects);
int et_release_read_commits(et_call_t *call, et_slice_t answer,
    et_slice_t *commits);

/* Its deploys, the latest first, at most 100. */
void et_deploys_ask(et_call_t *call, et_slice_t version,
    const uint64_t *projects, size_t nprojects);
int et_deploys_read(et_call_t *call, et_slice_t answer, et_deploy_t **items,
    size_t *n);
void et_deploy_write(et_call_t *call, et_slice_t version,
    const et_deploy_t *deploy, const uint64_t *projects, size_t nprojects);


#endif /* ET_RELEASES_H */
