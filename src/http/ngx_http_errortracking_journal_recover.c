/*
 * Recovery: what processes that were killed have left in the journal goes to
 * the spool, by the master, before there are workers.
 */

#include "ngx_http_errortracking_journal.h"
#include "et_journal.h"


/* tens of milliseconds; how long a start waits for the zones before it */
#define NGX_HTTP_ERRORTRACKING_JOURNAL_ENDING  500


static et_spool_status_t ngx_http_errortracking_lock(
    ngx_http_errortracking_zone_t *zone);
static void ngx_http_errortracking_recover(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);
static void ngx_http_errortracking_recover_zone(
    ngx_http_errortracking_zone_t *zone, const char *id,
    char (*names)[ET_JOURNAL_NAME], size_t n, ngx_uint_t *wait,
    ngx_log_t *log);
static ngx_uint_t ngx_http_errortracking_is_ended(et_spool_t *spool,
    const char *id, int *fd, ngx_uint_t *wait, ngx_log_t *log);
static ngx_int_t ngx_http_errortracking_recover_file(
    ngx_http_errortracking_zone_t *zone, const char *name, ngx_log_t *log);
static ngx_int_t ngx_http_errortracking_recover_rows(
    et_spool_t *spool, et_journal_reader_t *reader, ngx_log_t *log);


ngx_int_t
ngx_http_errortracking_journal_create(ngx_http_errortracking_zone_t *zone,
    ngx_log_t *log)
{
    et_spool_t         *spool;
    et_spool_status_t   status;

    if (zone->journal == NULL || ngx_test_config) {
        return NGX_OK;
    }

    spool = ngx_http_errortracking_spool_of(zone);

    status = et_journal_create(spool);

    if (status == ET_SPOOL_OK && zone->ack_disk) {
        status = ngx_http_errortracking_lock(zone);
    }

    if (status != ET_SPOOL_OK && zone->ack_disk) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "\"%s/journal\" can't be made", spool->path);
        return NGX_ERROR;
    }

    ngx_http_errortracking_recover(zone, log);

    return NGX_OK;
}


/*
 * Says that the zone lives.  The descriptor goes with the last process that
 * has inherited it; after a reload the lock is held already.  Of a zone that
 * is new, only one who looks for locks that nobody holds can hold it, for a
 * moment.
 */

static et_spool_status_t
ngx_http_errortracking_lock(ngx_http_errortracking_zone_t *zone)
{
    int                 fd;
    et_spool_t         *spool;
    ngx_uint_t          tries;
    et_spool_status_t   status;

    spool = ngx_http_errortracking_spool_of(zone);

    for (tries = 0; tries < NGX_HTTP_ERRORTRACKING_JOURNAL_ENDING; tries++) {

        status = et_journal_lock(spool, (char *) zone->sh->id, &fd);

        if (status == ET_SPOOL_OK) {
            zone->lock = fd;
            return ET_SPOOL_OK;
        }

        if (status != ET_SPOOL_BUSY) {
            return status;
        }

        if (zone->sh->generation != 0) {
            return ET_SPOOL_OK;
        }

        ngx_msleep(10);
    }

    return ET_SPOOL_BUSY;
}


void
ngx_http_errortracking_journal_orphan(ngx_http_errortracking_zone_t *zone)
{
    if (zone->lock != -1) {
        et_spool_unlock(zone->lock);
        zone->lock = -1;
    }
}


static void
ngx_http_errortracking_recover(ngx_http_errortracking_zone_t *zone,
    ngx_log_t *log)
{
    char                id[ET_JOURNAL_ID];
    size_t              i, n;
    et_spool_t         *spool;
    ngx_uint_t          wait;
    et_journal_list_t   list;

    spool = ngx_http_errortracking_spool_of(zone);

    /* at a start, that is: not beside the old processes of an upgrade */

    wait = (zone->sh->generation == 0 && !ngx_inherited)
           ? NGX_HTTP_ERRORTRACKING_JOURNAL_ENDING : 0;

    if (et_journal_list(spool, &list) != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "\"%s/journal\" can't be read", spool->path);
        return;
    }

    for (i = 0; i < list.n; i += n) {

        ngx_memcpy(id, list.names[i], ET_JOURNAL_ID - 1);
        id[ET_JOURNAL_ID - 1] = '\0';

        for (n = 1; i + n < list.n; n++) {
            if (ngx_strncmp(list.names[i + n], id, ET_JOURNAL_ID - 1) != 0) {
                break;
            }
        }

        if (ngx_strcmp(id, zone->sh->id) != 0) {
            ngx_http_errortracking_recover_zone(zone, id, &list.names[i], n,
                                                &wait, log);
        }
    }

    et_journal_list_free(&list);
}


static void
ngx_http_errortracking_recover_zone(ngx_http_errortracking_zone_t *zone,
    const char *id, char (*names)[ET_JOURNAL_NAME], size_t n,
    ngx_uint_t *wait, ngx_log_t *log)
{
    int          fd;
    size_t       i, left;
    et_spool_t  *spool;

    spool = ngx_http_errortracking_spool_of(zone);

    /* where there is but a lock there is nothing to wait for */

    i = et_journal_is_lock(names[0]) ? 1 : 0;

    if (i == n) {
        wait = NULL;
    }

    if (!ngx_http_errortracking_is_ended(spool, id, &fd, wait, log)) {
        return;
    }

    for (left = 0; i < n; i++) {
        if (ngx_http_errortracking_recover_file(zone, names[i], log)
            != NGX_OK)
        {
            left++;
        }
    }

    if (left == 0) {
        et_journal_forget(spool, id, fd);

    } else {
        et_spool_unlock(fd);
    }
}


/* Processes that were killed a moment ago may still be on their way out. */

static ngx_uint_t
ngx_http_errortracking_is_ended(et_spool_t *spool, const char *id, int *fd,
    ngx_uint_t *wait, ngx_log_t *log)
{
    et_spool_status_t  status;

    for ( ;; ) {
        status = et_journal_lock(spool, id, fd);

        if (status != ET_SPOOL_BUSY || wait == NULL || *wait == 0) {
            break;
        }

        ngx_msleep(10);
        (*wait)--;
    }

    if (status != ET_SPOOL_OK && status != ET_SPOOL_BUSY) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "\"%s/journal/%s.lock\" can't be locked", spool->path,
                      id);
    }

    return status == ET_SPOOL_OK;
}


static ngx_int_t
ngx_http_errortracking_recover_file(ngx_http_errortracking_zone_t *zone,
    const char *name, ngx_log_t *log)
{
    ngx_int_t             rc;
    et_spool_t           *spool;
    et_spool_status_t     status;
    et_journal_reader_t   reader;

    spool = ngx_http_errortracking_spool_of(zone);

    status = et_journal_read(spool, name, &reader);

    if (status == ET_SPOOL_DAMAGED) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "\"%s/journal/%s\" is damaged and set aside",
                      spool->path, name);

        /* there is no worker yet whose counters these were */

        ngx_http_errortracking_inc(
                                zone->sh->workers[0].counters.files_damaged);

        return et_journal_set_aside(spool, name) == ET_SPOOL_OK ? NGX_OK
                                                                : NGX_ERROR;
    }

    if (status == ET_SPOOL_GONE) {
        return NGX_OK;
    }

    if (status != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_ERR, log,
                      status == ET_SPOOL_NEWER ? 0 : ngx_errno,
                      "\"%s/journal/%s\" can't be read%s", spool->path, name,
                      status == ET_SPOOL_NEWER ? ", it is a later version's"
                                               : "");
        return NGX_ERROR;
    }

    rc = NGX_OK;

    if (reader.bytes != 0) {
        rc = ngx_http_errortracking_recover_rows(spool, &reader, log);
        free(reader.body);
    }

    if (rc == NGX_OK
        && et_journal_remove(spool, et_slice(name, ngx_strlen(name)
                                                   - (sizeof(".wal") - 1)))
           != ET_SPOOL_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "\"%s/journal/%s\" can't be removed", spool->path,
                      name);
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_errortracking_recover_rows(et_spool_t *spool,
    et_journal_reader_t *reader, ngx_log_t *log)
{
    char               name[ET_SPOOL_NAME];
    struct iovec       iov;
    struct timeval     tv;
    et_spool_batch_t   batch;
    et_spool_status_t  status;

    ngx_gettimeofday(&tv);

    iov.iov_base = reader->body;
    iov.iov_len = reader->bytes;

    batch.token = et_slice_str(reader->token);
    batch.columns = et_slice_str(reader->columns);
    batch.rows = reader->rows;
    batch.time = (int64_t) tv.tv_sec * ET_SECOND + tv.tv_usec;
    batch.body = &iov;
    batch.n = 1;

    status = et_spool_write(spool, &batch, name);

    if (status != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_ERR, log,
                      status == ET_SPOOL_FULL ? 0 : ngx_errno,
                      "errortracking_spool \"%s\" does not take %uL rows of "
                      "the journal, they wait for the next start or reload",
                      spool->path, reader->rows);
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "errortracking: %uL rows of the journal are in the spool: "
                  "\"%s/%s\"", reader->rows, spool->path, name);

    return NGX_OK;
}
