/*
 * Sentry's web API: what its operations have in common.
 *
 * Every call begins with the projects, which tell names from numbers and what
 * the token opens:
 *
 *     step 0   et_sentry_ask(), or et_sentry_ask_issue()
 *     step 1   et_sentry_read(), or et_sentry_read_issue()
 *
 * What is read is the projects that the token opens, and nothing else: an
 * operation that asks for sentry.ids, sentry.project or the issue's project
 * alone can't read another's data.  A project that the token does not open is
 * one that is not there: 404.
 *
 * A project is named by its slug or its number.  Without a row in the table
 * "projects" its number is its slug.  Where the projects have no organization
 * there is one, of any name.
 */

#ifndef ET_SENTRY_H
#define ET_SENTRY_H

#include "et_events.h"
#include "et_out.h"
#include "et_projects.h"


typedef struct {
    et_slice_t      organization;  /* its slug, as the path has it */
    et_projects_t   projects;      /* of the organization, by number */
    uint64_t       *ids;           /* theirs, or those that are asked for */
    size_t          nids;
    unsigned        all:1;         /* these are all projects that there are */
    et_project_t   *project;       /* that the path names; or NULL */

    /* of an issue's call */
    uint64_t        fingerprint;
    et_span_t       span;
} et_sentry_t;

/* How many segments of the path name where the call is. */
typedef enum {
    ET_SENTRY_ALL = 0,         /* none: every organization's projects */
    ET_SENTRY_ORGANIZATION,    /* organizations/{o} */
    ET_SENTRY_PROJECT          /* projects/{o}/{p} */
} et_sentry_place_t;


extern const et_operation_t  et_sentry_operations[];


/* Adds a query to the step. */
void et_sentry_ask(et_call_t *call);

/* The projects that the call's token may read; NULL: all there are. */
const uint64_t *et_sentry_allowed(et_call_t *call, size_t *n);

/* Reads it: 1, or 0 where the call is answered: 404 where the place is none of
 * the token's.  ids are those of all the place's projects. */
int et_sentry_read(et_call_t *call, et_slice_t answer,
    et_sentry_place_t place, et_sentry_t *sentry);

/* By its slug or its number; NULL where there is none. */
et_project_t *et_sentry_find(const et_projects_t *projects, et_slice_t name);

/*
 * The same, and where the path names no project, leaves ids of what the
 * parameter "project" names, which may be repeated: numbers or slugs; -1, or
 * no parameter, is all.  0 also where the call is answered 403 for a project
 * that the token does not open, 400 where there are more than
 * ET_CALL_PROJECTS.
 */
int et_sentry_read_projects(et_call_t *call, et_slice_t answer,
    et_sentry_place_t place, et_sentry_t *sentry);

/*
 * Issues.  An issue is an error of a project; its id is made of both, below
 * 2^53 as the fingerprint is.  Where two projects have the same error these
 * are two issues.
 */
uint64_t et_issue_id(uint64_t project, uint64_t fingerprint);

/* Adds two queries to the step: the projects, and the issue of segment i, which
 * is an id or a short id. */
void et_sentry_ask_issue(et_call_t *call, size_t i);

/* Reads them: sets project, fingerprint and span.  1, or 0 where the call is
 * answered: 404.  place is ALL or ORGANIZATION. */
int et_sentry_read_issue(et_call_t *call, const et_slice_t *answers,
    et_sentry_place_t place, et_sentry_t *sentry);

/* "SHOP-1A2B3C": the project's slug, and the id in base 36. */
void et_out_short_id(et_call_t *call, cJSON *object, const char *name,
    const et_project_t *project, uint64_t id);

/* The number of a short id, or of an id: 1, or 0 where it is neither. */
int et_issue_parse(et_slice_t text, uint64_t *id);

/* An organization's slug is "default" where it has none. */
et_slice_t et_sentry_organization(const et_sentry_t *sentry,
    const et_project_t *project);

/* Members of an answer: a project, as lists and issues name it {id, name,
 * slug, platform}; an organization {id, name, slug, status ...}. */
void et_out_project(cJSON *object, const et_project_t *project);
void et_out_organization(cJSON *object, et_slice_t slug);

/* A page's address: what the path has before "/api/0/", and this. */
et_slice_t et_sentry_base(const et_call_t *call);


#endif /* ET_SENTRY_H */
