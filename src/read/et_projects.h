/*
 * Projects: those that have errors or a name.
 */

#ifndef ET_PROJECTS_H
#define ET_PROJECTS_H

#include "et_call.h"


typedef struct {
    uint64_t     id;
    et_slice_t   organization; /* "": of none */
    et_slice_t   slug;         /* the number, where it has no name */
    et_slice_t   name;
    et_slice_t   platform;
} et_project_t;

typedef struct {
    et_project_t  *items;      /* by id */
    size_t         n;
} et_projects_t;


/* Adds a query to the step: all of them, or some, which may have no row. */
void et_projects_ask(et_call_t *call, const uint64_t *ids, size_t n);

/* 1, or 0 where the call is answered. */
int et_projects_read(et_call_t *call, et_slice_t answer,
    et_projects_t *projects);

/* NULL where there is none. */
et_project_t *et_project_find(const et_projects_t *projects, uint64_t id);

/*
 * The parameter "project", which may be repeated: ids, on the arena.  1; 0 and
 * 400 where one is no number, or there are more than ET_CALL_PROJECTS.
 */
int et_call_projects(et_call_t *call, uint64_t **ids, size_t *n);


#endif /* ET_PROJECTS_H */
