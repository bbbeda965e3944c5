/*
 * What GitLab's errortracking-api has under /api/0/organizations/{group}/:
 * issues, projects, stats_v2.  A group is the organization of its projects
 * where they have one (016_projects.sql); else the group says nothing.
 */

#include "et_errors.h"
#include "et_gitlab_v2.h"
#include "et_lists.h"
#include "et_out.h"
#include "et_projects.h"
#include "et_stats.h"


#define ET_GITLAB_ISSUES      100
#define ET_GITLAB_MAX_ISSUES  10000


typedef struct {
    uint64_t            *ids;
    size_t               nids;
    et_errors_filter_t   filter;
    et_errors_t          list;
    et_projects_t        projects;
} et_gitlab_issues_t;


static int et_gitlab_issues_parse(et_call_t *call, et_gitlab_issues_t *issues);
static et_call_rc_t et_gitlab_issues_answer(et_call_t *call,
    et_gitlab_issues_t *issues);
static void et_gitlab_project(cJSON *object, uint64_t id,
    const et_project_t *project);


et_call_rc_t
et_gitlab_issues(et_call_t *call)
{
    et_call_rc_t         rc;
    const et_slice_t    *answers;
    et_gitlab_issues_t  *issues;

    issues = et_call_state(call, sizeof(et_gitlab_issues_t));
    if (issues == NULL) {
        return et_call_no_memory(call);
    }

    answers = call->answers;

    switch (call->step) {

    case 0:
        if (!et_gitlab_issues_parse(call, issues)) {
            return ET_CALL_ANSWERED;
        }

        et_projects_ask(call, issues->ids, issues->nids);
        break;

    case 1:
        if (!et_projects_read(call, *answers++, &issues->projects)) {
            return ET_CALL_ANSWERED;
        }

        break;
    }

    rc = et_errors_step(call, answers, &issues->filter, &issues->list);

    if (rc != ET_CALL_READ) {
        return rc;
    }

    return et_gitlab_issues_answer(call, issues);
}


static int
et_gitlab_issues_parse(et_call_t *call, et_gitlab_issues_t *issues)
{
    unsigned             sort, status;
    et_errors_filter_t  *filter;

    static const char *const  sorts[] = {
        "date", "new", "freq", "user", "priority", NULL
    };
    static const char *const  statuses[] = {
        "unresolved", "resolved", "ignored", NULL
    };

    filter = &issues->filter;
    filter->limit = ET_GITLAB_ISSUES;
    filter->brief = 1;
    sort = 0;
    status = 0;

    if (!et_call_projects(call, &issues->ids, &issues->nids)
        || !et_call_choice(call, "sort", sorts, &sort)
        || !et_call_choice(call, "status", statuses, &status)
        || !et_call_number(call, "limit", 1, ET_GITLAB_MAX_ISSUES,
                           &filter->limit)
        || !et_call_between(call, &filter->since, &filter->until)
        || !et_call_texts(call, "environment", &filter->environments,
                          &filter->nenvironments))
    {
        return 0;
    }

    if (issues->nids == 0) {
        et_call_fail(call, 400, "project is missing");
        return 0;
    }

    filter->projects = issues->ids;
    filter->nprojects = issues->nids;
    filter->sort = sort == 4 ? ET_SORT_FREQUENCY
                             : (et_error_sort_t) (ET_SORT_LAST_SEEN + sort);
    filter->search.status = (et_status_t) (ET_STATUS_UNRESOLVED + status);
    filter->search.text = et_params_get(&call->params, "query");

    return 1;
}


static et_call_rc_t
et_gitlab_issues_answer(et_call_t *call, et_gitlab_issues_t *issues)
{
    size_t       i;
    cJSON       *root, *item;
    et_text_t    title;
    et_error_t  *error;

    root = cJSON_CreateArray();

    for (i = 0; i < issues->list.n; i++) {
        error = &issues->list.items[i];
        item = cJSON_CreateObject();

        et_text_init(&title, call->arena);

        if (error->type.len != 0) {
            et_text_add(&title, error->type);
            et_text_str(&title, ": ");
        }

        et_text_add(&title, error->value.len != 0 ? error->value
                                                  : error->message);

        et_out_digits(item, "id", error->fingerprint);
        et_gitlab_project(et_out_object(item, "project"), error->project,
                          et_project_find(&issues->projects, error->project));
        et_out_str(item, "title", et_text_slice(&title));
        et_out_str(item, "actor", error->culprit);
        et_out_digits(item, "count", error->n);
        et_out_u64(item, "userCount", error->users);
        et_out_time(item, "lastSeen", error->last_seen);
        et_out_time(item, "firstSeen", error->first_seen);
        et_out_str(item, "status", et_status_name(error->status));

        cJSON_AddItemToArray(root, item);
    }

    return et_call_json(call, 200, root);
}


et_call_rc_t
et_gitlab_projects(et_call_t *call)
{
    size_t          i, of_group;
    cJSON          *root, *item;
    et_projects_t   projects;

    if (call->step == 0) {
        et_projects_ask(call, NULL, 0);
        return ET_CALL_ASK;
    }

    if (!et_projects_read(call, call->answers[0], &projects)) {
        return ET_CALL_ANSWERED;
    }

    for (of_group = 0, i = 0; i < projects.n; i++) {
        of_group += et_slice_eq(projects.items[i].organization,
                                call->segments[0]);
    }

    root = cJSON_CreateArray();

    for (i = 0; i < projects.n; i++) {

        if (of_group != 0
            && !et_slice_eq(projects.items[i].organization, call->segments[0]))
        {
            continue;
        }

        item = cJSON_CreateObject();
        et_gitlab_project(item, projects.items[i].id, &projects.items[i]);
        cJSON_AddItemToArray(root, item);
    }

    return et_call_json(call, 200, root);
}


et_call_rc_t
et_gitlab_stats(et_call_t *call)
{
    uint64_t           *ids;
    et_stats_filter_t  *filter;

    filter = et_call_state(call, sizeof(et_stats_filter_t));
    if (filter == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0) {
        if (!et_call_projects(call, &ids, &filter->nprojects)
            || !et_stats_parse(call, filter))
        {
            return ET_CALL_ANSWERED;
        }

        filter->projects = filter->nprojects == 0 ? NULL : ids;

        et_stats_ask(call, filter);

        return ET_CALL_ASK;
    }

    return et_stats_answer(call, call->answers[0], filter, "interval",
                           "group");
}


static void
et_gitlab_project(cJSON *object, uint64_t id, const et_project_t *project)
{
    et_out_digits(object, "id", id);

    if (project == NULL) {
        et_out_digits(object, "name", id);
        et_out_digits(object, "slug", id);
        return;
    }

    et_out_str(object, "name", project->name);
    et_out_str(object, "slug", project->slug);
}
