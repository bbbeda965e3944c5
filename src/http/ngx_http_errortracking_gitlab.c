/*
 * errortracking_gitlab: whether a key may write is asked of GitLab, through a
 * location that proxies to it.
 *
 * Answers are kept in the zone's memory, for all workers and over reloads.
 * One worker asks about a key at a time: it leaves a mark in that memory, and
 * requests of the others wait until the answer is there, or the mark's time is
 * over, as it is when the worker was killed.  A yes is asked for anew in the
 * last quarter of its time, behind the request that it lets in, so that steady
 * traffic never waits.
 *
 * Where GitLab does not answer, the last yes goes on, and a key without one is
 * refused for the moment (503), not for good.  It is then left alone for a
 * second.
 *
 * The question is a request of nobody's (post), so that it outlives the
 * request that made it necessary.
 */

#include "ngx_http_errortracking_post.h"
#include "et_hash.h"


/* milliseconds */
#define NGX_HTTP_ERRORTRACKING_GITLAB_YES    (5 * 60 * 1000)
#define NGX_HTTP_ERRORTRACKING_GITLAB_NO     (30 * 1000)
#define NGX_HTTP_ERRORTRACKING_GITLAB_AGAIN  (10 * 1000)  /* a yes without one */
#define NGX_HTTP_ERRORTRACKING_GITLAB_PAUSE  1000         /* after a failure */

/* a question keeps other workers from asking the same, and so often they look
 * for its answer */
#define NGX_HTTP_ERRORTRACKING_GITLAB_MARK   5000
#define NGX_HTTP_ERRORTRACKING_GITLAB_LOOK   20

/* bytes; an answer is one name and its value */
#define NGX_HTTP_ERRORTRACKING_GITLAB_ARENA  (64 * 1024)

/* questions of a worker at a time: they cost a connection each */
#define NGX_HTTP_ERRORTRACKING_GITLAB_MAX    256


struct ngx_http_errortracking_gitlab_s {
    ngx_str_t                          uri;
    ngx_msec_t                         yes;
    ngx_msec_t                         no;

    /* this worker's */

    ngx_msec_t                         failed;       /* when, last */
    ngx_uint_t                         failing;      /* et_gitlab_t or 0 */
};

typedef struct {
    ngx_queue_t                        queue;
    ngx_queue_t                        waiting;
    ngx_http_errortracking_gitlab_t   *gitlab;
    ngx_http_errortracking_zone_t     *zone;
    uint64_t                           id;
    et_answer_t                        answer;       /* NONE: not known */
    ngx_uint_t                         renews;       /* a yes that still holds */

    ngx_event_t                        event;        /* when it is over */
    ngx_event_t                        look;         /* another worker asks */
    ngx_http_errortracking_post_t      post;
    ngx_chain_t                        chain;
    ngx_buf_t                          buf;
    u_char                             form[ET_GITLAB_FORM];
} ngx_http_errortracking_question_t;

typedef struct {
    ngx_queue_t                        queue;
    ngx_http_request_t                *request;      /* NULL: waits no more */
} ngx_http_errortracking_asker_t;


static ngx_int_t ngx_http_errortracking_gitlab_parse(ngx_conf_t *cf,
    ngx_http_errortracking_gitlab_t *gitlab);
static uint64_t ngx_http_errortracking_gitlab_id(ngx_http_request_t *r,
    ngx_http_errortracking_gitlab_t *gitlab, et_slice_t key);
static ngx_uint_t ngx_http_errortracking_gitlab_paused(
    ngx_http_errortracking_gitlab_t *gitlab);
static ngx_http_errortracking_question_t *ngx_http_errortracking_question(
    ngx_http_request_t *r, et_slice_t key, uint64_t id, ngx_uint_t wait);
static ngx_int_t ngx_http_errortracking_question_begin(
    ngx_http_errortracking_question_t *q, ngx_int_t claimed);
static ngx_int_t ngx_http_errortracking_question_claim(
    ngx_http_errortracking_zone_t *zone, uint64_t id);
static void ngx_http_errortracking_question_release(
    ngx_http_errortracking_zone_t *zone, uint64_t id, ngx_uint_t answered);
static ngx_uint_t ngx_http_errortracking_question_told(
    ngx_http_errortracking_question_t *q);
static void ngx_http_errortracking_question_look(ngx_event_t *ev);
static ngx_http_errortracking_question_t *
    ngx_http_errortracking_question_create(ngx_http_request_t *r,
    et_slice_t key, uint64_t id);
static ngx_int_t ngx_http_errortracking_gitlab_wait(ngx_http_request_t *r,
    ngx_http_errortracking_question_t *q);
static void ngx_http_errortracking_asker_cleanup(void *data);
static void ngx_http_errortracking_question_done(
    ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_question_answer(
    ngx_http_errortracking_question_t *q, et_gitlab_t said);
static et_gitlab_t ngx_http_errortracking_question_judge(
    ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_gitlab_log(
    ngx_http_errortracking_question_t *q, et_gitlab_t said);
static void ngx_http_errortracking_question_event(ngx_event_t *ev);


static ngx_queue_t  ngx_http_errortracking_questions;
static ngx_uint_t   ngx_http_errortracking_nquestions;

static ngx_str_t    ngx_http_errortracking_gitlab_form =
    ngx_string("application/x-www-form-urlencoded");


char *
ngx_http_errortracking_gitlab(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_http_errortracking_gitlab_t  *gitlab;

    if (elcf->gitlab != NULL) {
        return "is duplicate";
    }

    gitlab = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_gitlab_t));
    if (gitlab == NULL) {
        return NGX_CONF_ERROR;
    }

    gitlab->yes = NGX_HTTP_ERRORTRACKING_GITLAB_YES;
    gitlab->no = NGX_HTTP_ERRORTRACKING_GITLAB_NO;

    if (ngx_http_errortracking_gitlab_parse(cf, gitlab) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    elcf->gitlab = gitlab;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_errortracking_gitlab_parse(ngx_conf_t *cf,
    ngx_http_errortracking_gitlab_t *gitlab)
{
    ngx_int_t    time;
    ngx_str_t   *value, s;
    ngx_uint_t   i;
    ngx_msec_t  *msec;

    value = cf->args->elts;
    gitlab->uri = value[1];

    if (value[1].len == 0 || value[1].data[0] != '/'
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '?')
           != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\", \"errortracking_gitlab\" needs "
                           "the path of a location that proxies to GitLab, "
                           "such as \"/gitlab\"", &value[1]);
        return NGX_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "yes=", 4) == 0) {
            msec = &gitlab->yes;
            s.data = value[i].data + 4;

        } else if (ngx_strncmp(value[i].data, "no=", 3) == 0) {
            msec = &gitlab->no;
            s.data = value[i].data + 3;

        } else {
            msec = NULL;
        }

        if (msec != NULL) {
            s.len = value[i].data + value[i].len - s.data;
            time = ngx_parse_time(&s, 0);

            if (time >= 1000 && time <= 86400 * 1000) {
                *msec = (ngx_msec_t) time;
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", it has to be \"yes=\" "
                           "or \"no=\" and a time from 1s to 1d", &value[i]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_errortracking_gitlab_check(ngx_http_request_t *r, et_slice_t key)
{
    uint64_t                            id, until, now;
    et_answer_t                         answer;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_gitlab_t    *gitlab;
    ngx_http_errortracking_question_t  *q;
    ngx_http_errortracking_loc_conf_t  *elcf;
    ngx_http_errortracking_counters_t  *counters;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    counters = &elcf->zone->worker->counters;
    gitlab = elcf->gitlab;

    if (ctx->asking) {
        return NGX_AGAIN;
    }

    /* it has asked, and was told */

    if (ctx->answered) {
        return ctx->answer == ET_ANSWER_YES ? NGX_OK
               : ctx->answer == ET_ANSWER_NO ? NGX_DECLINED : NGX_ERROR;
    }

    id = ngx_http_errortracking_gitlab_id(r, gitlab, key);
    now = ngx_current_msec;

    answer = et_answers_find(elcf->zone->sh->answers,
                             NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS, id, &until);

    if (answer != ET_ANSWER_NONE && until > now) {
        ngx_http_errortracking_inc(counters->cache[
                                         NGX_HTTP_ERRORTRACKING_CACHE_HIT]);

        if (answer == ET_ANSWER_YES && until - now < gitlab->yes / 4
            && !ngx_http_errortracking_gitlab_paused(gitlab))
        {
            (void) ngx_http_errortracking_question(r, key, id, 0);
        }

        /* the content handler asks, too, once the body is there */

        ctx->answered = 1;
        ctx->answer = answer;

        return answer == ET_ANSWER_YES ? NGX_OK : NGX_DECLINED;
    }

    ngx_http_errortracking_inc(counters->cache[answer == ET_ANSWER_YES
                                     ? NGX_HTTP_ERRORTRACKING_CACHE_STALE
                                     : NGX_HTTP_ERRORTRACKING_CACHE_MISS]);

    q = ngx_http_errortracking_gitlab_paused(gitlab)
        ? NULL : ngx_http_errortracking_question(r, key, id, 1);

    if (q == NULL) {
        return answer == ET_ANSWER_YES ? NGX_OK : NGX_ERROR;
    }

    return ngx_http_errortracking_gitlab_wait(r, q);
}


/* The same location of another server may be another GitLab. */

static uint64_t
ngx_http_errortracking_gitlab_id(ngx_http_request_t *r,
    ngx_http_errortracking_gitlab_t *gitlab, et_slice_t key)
{
    uint64_t                            where;
    ngx_http_core_srv_conf_t           *cscf;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    where = et_fnv1a(ET_FNV_BASIS, et_slice((char *) gitlab->uri.data,
                                            gitlab->uri.len));
    where = et_fnv1a(where, et_slice((char *) cscf->server_name.data,
                                     cscf->server_name.len));

    return et_answers_id(elcf->zone->sh->seed, where, ctx->request.project,
                         key);
}


static ngx_uint_t
ngx_http_errortracking_gitlab_paused(ngx_http_errortracking_gitlab_t *gitlab)
{
    return gitlab->failing
           && ngx_current_msec - gitlab->failed
              < NGX_HTTP_ERRORTRACKING_GITLAB_PAUSE;
}


/*
 * The question that is on its way, or a new one.  NULL: it can't be asked, was
 * not answered a moment ago, or another worker asks and nobody is to wait.
 */

static ngx_http_errortracking_question_t *
ngx_http_errortracking_question(ngx_http_request_t *r, et_slice_t key,
    uint64_t id, ngx_uint_t wait)
{
    ngx_int_t                           claimed;
    ngx_queue_t                        *e;
    ngx_http_errortracking_question_t  *q;
    ngx_http_errortracking_loc_conf_t  *elcf;

    if (ngx_http_errortracking_nquestions == 0) {
        ngx_queue_init(&ngx_http_errortracking_questions);
    }

    for (e = ngx_queue_head(&ngx_http_errortracking_questions);
         e != ngx_queue_sentinel(&ngx_http_errortracking_questions);
         e = ngx_queue_next(e))
    {
        q = ngx_queue_data(e, ngx_http_errortracking_question_t, queue);

        if (q->id == id) {
            return q;
        }
    }

    if (ngx_http_errortracking_nquestions
        == NGX_HTTP_ERRORTRACKING_GITLAB_MAX)
    {
        return NULL;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    claimed = ngx_http_errortracking_question_claim(elcf->zone, id);

    if (claimed == NGX_DECLINED || (claimed == NGX_BUSY && !wait)) {
        return NULL;
    }

    q = ngx_http_errortracking_question_create(r, key, id);

    if (q == NULL) {
        if (claimed == NGX_OK) {
            ngx_http_errortracking_question_release(elcf->zone, id, 0);
        }

        return NULL;
    }

    q->renews = !wait;

    ngx_queue_insert_tail(&ngx_http_errortracking_questions, &q->queue);
    ngx_http_errortracking_nquestions++;

    /* it may be over when this returns; its end is an event of its own */

    if (ngx_http_errortracking_question_begin(q, claimed) != NGX_OK) {
        ngx_queue_remove(&q->queue);
        ngx_http_errortracking_nquestions--;
        ngx_free(q);
        return NULL;
    }

    return q;
}


/* Asks, or waits for the worker that does. */

static ngx_int_t
ngx_http_errortracking_question_begin(ngx_http_errortracking_question_t *q,
    ngx_int_t claimed)
{
    if (claimed == NGX_BUSY) {
        ngx_add_timer(&q->look, NGX_HTTP_ERRORTRACKING_GITLAB_LOOK);
        return NGX_OK;
    }

    /* the answer may have come just before the mark was free */

    if (!q->renews && ngx_http_errortracking_question_told(q)) {
        ngx_http_errortracking_question_release(q->zone, q->id, 1);
        ngx_post_event(&q->event, &ngx_posted_events);
        return NGX_OK;
    }

    if (ngx_http_errortracking_post(&q->post) != NGX_OK) {
        ngx_http_errortracking_question_release(q->zone, q->id, 0);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Leaves the mark that this worker asks.  NGX_BUSY: another does;
 * NGX_DECLINED: one did, a moment ago, and was not answered.
 */

static ngx_int_t
ngx_http_errortracking_question_claim(ngx_http_errortracking_zone_t *zone,
    uint64_t id)
{
    uint64_t     until;
    et_answer_t  mark;

    ngx_shmtx_lock(&zone->shpool->mutex);

    mark = et_answers_find(zone->sh->asked,
                           NGX_HTTP_ERRORTRACKING_ASKED_SLOTS, id, &until);

    if (mark == ET_ANSWER_NONE || until <= ngx_current_msec) {
        mark = ET_ANSWER_NONE;

        et_answers_put(zone->sh->asked, NGX_HTTP_ERRORTRACKING_ASKED_SLOTS, id,
                       ET_ANSWER_YES, (uint64_t) ngx_current_msec
                                      + NGX_HTTP_ERRORTRACKING_GITLAB_MARK);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return mark == ET_ANSWER_NONE ? NGX_OK
           : mark == ET_ANSWER_YES ? NGX_BUSY : NGX_DECLINED;
}


/* Those who wait for an answer that did not come don't each ask again. */

static void
ngx_http_errortracking_question_release(ngx_http_errortracking_zone_t *zone,
    uint64_t id, ngx_uint_t answered)
{
    uint64_t  until;

    until = answered ? 0 : (uint64_t) ngx_current_msec
                           + NGX_HTTP_ERRORTRACKING_GITLAB_PAUSE;

    ngx_shmtx_lock(&zone->shpool->mutex);

    et_answers_put(zone->sh->asked, NGX_HTTP_ERRORTRACKING_ASKED_SLOTS, id,
                   ET_ANSWER_NO, until);

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


/* Whether the answer is there. */

static ngx_uint_t
ngx_http_errortracking_question_told(ngx_http_errortracking_question_t *q)
{
    uint64_t     until;
    et_answer_t  answer;

    answer = et_answers_find(q->zone->sh->answers,
                             NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS, q->id,
                             &until);

    if (answer == ET_ANSWER_NONE || until <= ngx_current_msec) {
        return 0;
    }

    q->answer = answer;

    return 1;
}


/* Whether the worker that asks has an answer, or does not ask any more. */

static void
ngx_http_errortracking_question_look(ngx_event_t *ev)
{
    ngx_int_t                           claimed;
    ngx_http_errortracking_question_t  *q = ev->data;

    if (!ngx_http_errortracking_question_told(q)) {

        claimed = ngx_http_errortracking_question_claim(q->zone, q->id);

        if (claimed != NGX_DECLINED
            && ngx_http_errortracking_question_begin(q, claimed) == NGX_OK)
        {
            return;
        }

        ngx_http_errortracking_question_answer(q, ET_GITLAB_FAILED);
    }

    ngx_http_errortracking_question_event(&q->event);
}


static ngx_http_errortracking_question_t *
ngx_http_errortracking_question_create(ngx_http_request_t *r, et_slice_t key,
    uint64_t id)
{
    size_t                              len;
    ngx_http_core_srv_conf_t           *cscf;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_question_t  *q;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    q = ngx_calloc(sizeof(ngx_http_errortracking_question_t),
                   ngx_cycle->log);
    if (q == NULL) {
        return NULL;
    }

    q->gitlab = elcf->gitlab;
    q->zone = elcf->zone;
    q->id = id;

    ngx_queue_init(&q->waiting);

    q->event.handler = ngx_http_errortracking_question_event;
    q->event.data = q;
    q->event.log = ngx_cycle->log;

    q->look.handler = ngx_http_errortracking_question_look;
    q->look.data = q;
    q->look.log = ngx_cycle->log;

    len = et_gitlab_form((char *) q->form, key, ctx->request.project);

    q->buf.start = q->form;
    q->buf.pos = q->form;
    q->buf.last = q->form + len;
    q->buf.end = q->buf.last;
    q->buf.memory = 1;
    q->buf.last_buf = 1;
    q->chain.buf = &q->buf;

    q->post.conf_ctx = cscf->ctx;
    q->post.uri = q->gitlab->uri;
    q->post.body = &q->chain;
    q->post.length = len;
    q->post.type = ngx_http_errortracking_gitlab_form;
    q->post.anyone = 1;
    q->post.handler = ngx_http_errortracking_question_done;
    q->post.data = q;

    return q;
}


/* The request goes on where it is now: in its phases, or in the handler. */

static ngx_int_t
ngx_http_errortracking_gitlab_wait(ngx_http_request_t *r,
    ngx_http_errortracking_question_t *q)
{
    ngx_http_cleanup_t              *cln;
    ngx_http_errortracking_ctx_t    *ctx;
    ngx_http_errortracking_asker_t  *asker;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_errortracking_asker_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    asker = cln->data;
    asker->request = r;
    cln->handler = ngx_http_errortracking_asker_cleanup;

    ngx_queue_insert_tail(&q->waiting, &asker->queue);
    ctx->asking = 1;

    return NGX_AGAIN;
}


static void
ngx_http_errortracking_asker_cleanup(void *data)
{
    ngx_http_errortracking_asker_t  *asker = data;

    if (asker->request != NULL) {
        ngx_queue_remove(&asker->queue);
        asker->request = NULL;
    }
}


/* Nothing of the request that is nobody's is left; those that wait go on
 * from the event loop. */

static void
ngx_http_errortracking_question_done(ngx_http_errortracking_post_t *post)
{
    et_gitlab_t                         said;
    ngx_http_errortracking_question_t  *q = post->data;

    said = ngx_http_errortracking_question_judge(post);

    ngx_http_errortracking_inc(q->zone->worker->counters.gitlab[said]);
    ngx_http_errortracking_gitlab_log(q, said);
    ngx_http_errortracking_question_answer(q, said);

    ngx_http_errortracking_question_release(q->zone, q->id,
                                            q->answer != ET_ANSWER_NONE);

    ngx_post_event(&q->event, &ngx_posted_events);
}


static et_gitlab_t
ngx_http_errortracking_question_judge(ngx_http_errortracking_post_t *post)
{
    et_gitlab_t  said;
    et_arena_t   arena;

    if (post->rc != NGX_OK
        && post->failure != NGX_HTTP_ERRORTRACKING_FAILED_STATUS)
    {
        return ET_GITLAB_FAILED;
    }

    /* an upstream may fail at once: the core is in the middle of the request
     * that has asked */

    et_arena_init(&arena, NGX_HTTP_ERRORTRACKING_GITLAB_ARENA, 0);

    said = et_gitlab_judge(&arena, post->status, (char *) post->error,
                           post->error_len);
    et_arena_destroy(&arena);

    return said;
}


/* What is known now, and for how long. */

static void
ngx_http_errortracking_question_answer(ngx_http_errortracking_question_t *q,
    et_gitlab_t said)
{
    uint64_t           until;
    ngx_msec_t         time;
    et_answer_t        answer;
    et_answer_slot_t  *table;

    table = q->zone->sh->answers;
    answer = et_gitlab_answer(said);
    time = answer == ET_ANSWER_YES ? q->gitlab->yes : q->gitlab->no;

    if (answer == ET_ANSWER_NONE) {
        answer = et_answers_find(table, NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS,
                                 q->id, &until);

        /* another worker may have been told meanwhile */

        if (answer != ET_ANSWER_NONE && until > ngx_current_msec) {
            q->answer = answer;
            return;
        }

        if (answer != ET_ANSWER_YES) {
            return;
        }

        time = ngx_min(q->gitlab->yes, NGX_HTTP_ERRORTRACKING_GITLAB_AGAIN);
    }

    q->answer = answer;

    et_answers_put(table, NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS, q->id, answer,
                   (uint64_t) ngx_current_msec + time);
}


/* A line when GitLab stops answering, and one when it is back. */

static void
ngx_http_errortracking_gitlab_log(ngx_http_errortracking_question_t *q,
    et_gitlab_t said)
{
    ngx_str_t                         why;
    ngx_http_errortracking_gitlab_t  *gitlab;

    gitlab = q->gitlab;

    if (et_gitlab_answer(said) != ET_ANSWER_NONE) {

        if (gitlab->failing) {
            gitlab->failing = 0;
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "errortracking_gitlab \"%V\" answers again",
                          &gitlab->uri);
        }

        return;
    }

    gitlab->failed = ngx_current_msec;

    if (gitlab->failing == (ngx_uint_t) said) {
        return;
    }

    gitlab->failing = said;

    why.data = q->post.error;
    why.len = q->post.error_len;

    switch (said) {

    case ET_GITLAB_UNAUTHORIZED:
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_gitlab \"%V\": GitLab refuses the token, "
                      "\"proxy_set_header Gitlab-Error-Tracking-Token\" has "
                      "to have the one of its settings", &gitlab->uri);
        break;

    case ET_GITLAB_UNEXPECTED:
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_gitlab \"%V\": an answer with status "
                      "%ui that is not GitLab's: \"%V\"", &gitlab->uri,
                      q->post.status, &why);
        break;

    default:
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_gitlab \"%V\" does not answer: status "
                      "%ui, \"%V\"", &gitlab->uri, q->post.status, &why);
    }
}


static void
ngx_http_errortracking_question_event(ngx_event_t *ev)
{
    ngx_queue_t                        *e;
    ngx_connection_t                   *c;
    ngx_http_request_t                 *r;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_asker_t     *asker;
    ngx_http_errortracking_question_t  *q = ev->data;

    ngx_queue_remove(&q->queue);
    ngx_http_errortracking_nquestions--;

    while (!ngx_queue_empty(&q->waiting)) {
        e = ngx_queue_head(&q->waiting);
        asker = ngx_queue_data(e, ngx_http_errortracking_asker_t, queue);
        ngx_queue_remove(e);

        r = asker->request;
        asker->request = NULL;

        ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
        ctx->asking = 0;
        ctx->answered = 1;
        ctx->answer = q->answer;

        c = r->connection;
        ngx_http_set_log_request(c->log, r);

        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }

    ngx_free(q);
}
