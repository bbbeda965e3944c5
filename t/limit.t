# Limits of items, quotas, and what is not taken at all: what the client is
# answered and told, and what becomes an outcome.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

our $STORE = "POST /api/\$PROJECT/store/\n";
our $ENVELOPE = "POST /api/\$PROJECT/envelope/\n";
our $REPORT = ["client_report",
    '{"discarded_events":[{"reason":"r","category":"error","quantity":7}]}'];
our $SESSION = ["session", '{"sid":"0123456789abcdef0123456789abcdef",'
    . '"started":"2026-01-01T00:00:00Z","attrs":{"release":"1"}}'];
our $LOGS = ["log", '{"items":[{"body":"1"},{"body":"2"},{"body":"3"}]}'];

# of a project that no other block has: outcomes are folded by minute
sub outcomes {
    my ($project, $expected) = @_;
    my $query = "SELECT outcome, reason, category, sum(n) "
        . "FROM errortracking.outcomes WHERE project_id = $project "
        . "GROUP BY outcome, reason, category ORDER BY outcome, reason, category";

    until_true { sql($query) eq $expected };
    Test::More::is(sql($query), $expected, "the outcomes");
}

ET::Blocks::setup();

run_tests();

__DATA__

=== TEST 1: events beyond the project's quota are 429, and the client is told when to come again
--- ingest
            errortracking_limit project=1r/h burst=2;
--- request eval
[("$main::STORE" . ET::event()) x 3, "POST /api/\$PROJECT2/store/\n" . ET::event()]
--- more_headers eval
[(ET::store_auth()) x 3, ET::store_auth($ET::KEY2)]
--- error_code eval
[200, 200, 429, 200]
--- response_headers_like eval
["! X-Sentry-Rate-Limits", "! X-Sentry-Rate-Limits",
 "Retry-After: 3[56]\\d\\d\nX-Sentry-Rate-Limits: 3[56]\\d\\d::project:project_quota\nX-Sentry-Error: over the quota.*",
 "! Retry-After"]
--- response_body_like eval
[qr/"id"/, qr/"id"/, qr/"rate_limited"/, qr/"id"/]



=== TEST 2: a key has its own quota, in all its projects together
--- ingest
            errortracking_limit key=1r/h;
--- request eval
["$main::STORE" . ET::event(), "POST /api/\$PROJECT2/store/\n" . ET::event(),
 "$main::STORE" . ET::event()]
--- more_headers eval
[(ET::store_auth($ET::GLET)) x 2, ET::store_auth()]
--- error_code eval
[200, 429, 200]
--- response_headers_like eval
["! X-Sentry-Rate-Limits", "X-Sentry-Rate-Limits: 3[56]\\d\\d::key:key_quota",
 "! X-Sentry-Rate-Limits"]



=== TEST 3: what is over everything is refused before its body is read, and the connection is kept
--- ingest
            errortracking_limit project=1r/h;
--- pipelined_requests eval
["$main::STORE" . ET::event(), "$main::STORE" . ET::event(size => 200000),
 "$main::ENVELOPE" . ET::envelope("{}", ET::event(size => 5000)),
 "POST /api/\$PROJECT2/store/\n" . ET::event()]
--- more_headers eval
ET::store_auth($ET::GLET)
--- error_code eval
[200, 429, 429, 200]
--- then
my $page = HTTP::Tiny->new->get("http://127.0.0.1:$ET::PORT/metrics")->{content};
my ($bytes) = $page =~ /^errortracking_received_bytes_total\S* (\d+)/m;
Test::More::cmp_ok($bytes, "<", 5000, "the refused bodies were not read");
Test::More::like($page, qr/^errortracking_rejected_total\{zone="t",reason="rate_limited"\} 2$/m,
                 "both were counted");



=== TEST 4: of an envelope, what is within its category's quota is kept
--- ingest
            errortracking_limit project=1r/h category=error;
            errortracking_limit project=2r/h category=session|monitor;
--- request eval
[("$main::ENVELOPE" . ET::envelope("{}", ET::event(), $main::SESSION)) x 3]
--- error_code eval
[200, 200, 429]
--- response_headers_like eval
["! X-Sentry-Rate-Limits",
 "X-Sentry-Rate-Limits: 3[56]\\d\\d:error:project:project_quota",
 "X-Sentry-Rate-Limits: 3[56]\\d\\d:error:project:project_quota, 1[78]\\d\\d:monitor;session:project:project_quota\nRetry-After: 3[56]\\d\\d"]
--- then
my $page = HTTP::Tiny->new->get("http://127.0.0.1:$ET::PORT/metrics")->{content};
Test::More::like($page, qr/^errortracking_items_limited_total\{zone="t",type="event"\} 2$/m,
                 "two events over the quota");
Test::More::like($page, qr/^errortracking_items_limited_total\{zone="t",type="session"\} 1$/m,
                 "and a session");



=== TEST 5: client reports are never limited
--- ingest
            errortracking_limit project=1r/h;
--- request eval
["$main::STORE" . ET::event(), "$main::ENVELOPE" . ET::envelope("{}", $main::REPORT),
 "$main::ENVELOPE" . ET::envelope("{}", ET::event(), $main::REPORT)]
--- error_code eval
[200, 200, 200]
--- response_headers_like eval
["! X-Sentry-Rate-Limits", "! X-Sentry-Rate-Limits",
 "X-Sentry-Rate-Limits: 3[56]\\d\\d::project:project_quota\n! Retry-After"]



=== TEST 6: what a quota refuses becomes outcomes, by category and quantity
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_SERVROOT/html/keys;
            errortracking_limit project=1r/h category=error|log_item burst=5;
        }
--- user_files eval
">>> keys\n" . ($ET::PROJECT + 6) . " six\n"
--- request eval
my $project = $ET::PROJECT + 6;
["POST /api/$project/envelope/\n" . ET::envelope("{}", $main::LOGS),
 "POST /api/$project/envelope/\n" . ET::envelope("{}", ET::event(), $main::LOGS),
 "POST /api/$project/store/\n" . ET::event(),
 "POST /api/$project/store/\n" . ET::event(),
 "POST /api/$project/envelope/\n" . ET::envelope("{}", $main::REPORT)]
--- more_headers eval
ET::store_auth("six")
--- error_code eval
[200, 200, 200, 429, 200]
--- then
outcomes($ET::PROJECT + 6, "accepted\t\terror\t2\naccepted\t\tlog_item\t3\nclient_discard\tr\terror\t7\n"
         . "rate_limited\tproject_quota\terror\t1\nrate_limited\tproject_quota\tlog_item\t3");



=== TEST 7: what is not taken is skipped, and the client is told to stop for an hour
--- request eval
["$main::ENVELOPE" . ET::envelope("{}", ["transaction", "{}"]),
 "$main::ENVELOPE" . ET::envelope("{}", ET::event(), ["profile_chunk", "{}"], ["span", "{}"], ["statsd", "x"]),
 "$main::ENVELOPE" . ET::envelope("{}", ["what_is_this", "{}"])]
--- error_code eval
[200, 200, 200]
--- response_headers_like eval
["X-Sentry-Rate-Limits: 3600:transaction:organization:not_taken\n! Retry-After",
 "X-Sentry-Rate-Limits: 3600:metric_bucket;profile_chunk;profile_chunk_ui;span:organization:not_taken",
 "! X-Sentry-Rate-Limits"]
--- response_body_like eval
[qr/^\{\}$/, qr/"id"/, qr/^\{\}$/]



=== TEST 8: errortracking_items chooses what is taken
--- ingest
            errortracking_items error;
--- request eval
["$main::ENVELOPE" . ET::envelope("{}", ET::event(), $main::SESSION, $main::LOGS, $main::REPORT),
 "$main::ENVELOPE" . ET::envelope("{}", $main::REPORT)]
--- error_code eval
[200, 200]
--- response_headers_like eval
["X-Sentry-Rate-Limits: 3600:session;log_item:organization:not_taken", "! X-Sentry-Rate-Limits"]



=== TEST 9: the keys file has limits of keys and projects
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_SERVROOT/html/keys;
            errortracking_limit project=1r/h;
        }
--- user_files
>>> keys
$PROJECT a limit=1r/h
$PROJECT b
$PROJECT * limit=3r/h burst=3
$PROJECT2 c
--- request eval
[("$main::STORE" . ET::event()) x 5, ("POST /api/\$PROJECT2/store/\n" . ET::event()) x 2]
--- more_headers eval
[(ET::store_auth("a")) x 2, (ET::store_auth("b")) x 3, (ET::store_auth("c")) x 2]
--- error_code eval
[200, 429, 200, 200, 429, 200, 429]
--- response_headers_like eval
["! Retry-After", "X-Sentry-Rate-Limits: .*::key:key_quota", "! Retry-After",
 "! Retry-After", "X-Sentry-Rate-Limits: .*::project:project_quota",
 "! Retry-After", "X-Sentry-Rate-Limits: .*::project:project_quota"]



=== TEST 10: a location has its own quotas, those around it, or none
--- config
    errortracking_keys $TEST_NGINX_KEYS;
    errortracking_limit key=1r/h;
    location /a/ {
        errortracking_ingest zone=t;
    }
    location /b/ {
        errortracking_ingest zone=t;
        errortracking_limit off;
    }
    location /c/ {
        errortracking_ingest zone=t;
        errortracking_limit key=2r/h;
    }
--- request eval
my $path = "api/\$PROJECT/store/\n";
["POST /a/$path" . ET::event(), "POST /a/$path" . ET::event(),
 "POST /b/$path" . ET::event(), "POST /c/$path" . ET::event(),
 "POST /c/$path" . ET::event(), "POST /c/$path" . ET::event()]
--- error_code eval
[200, 429, 200, 200, 200, 429]



=== TEST 11: a request whose key is in the envelope's dsn is limited, too
--- ingest
            errortracking_limit project=1r/h;
--- more_headers
X-Nothing: here
--- request eval
[("$main::ENVELOPE"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event(size => 4000))) x 2]
--- error_code eval
[200, 429]



=== TEST 12: items beyond the limits of their types are 413
--- ingest
            errortracking_max_check_in_size 100;
            errortracking_max_client_report_size 100;
            errortracking_max_session_size 200;
            errortracking_max_log_container_size 100;
            errortracking_max_items 5;
            errortracking_max_attachments 2;
            errortracking_max_client_reports 2;
            errortracking_max_sessions 2;
--- request eval
[map { "$main::ENVELOPE" . ET::envelope("{}", @$_) }
 [["check_in", "x" x 101]], [["client_report", "x" x 101]],
 [["session", "x" x 201]], [["sessions", "x" x 201]], [["log", "x" x 101]],
 [(["what", ""]) x 6], [(["attachment", "x"]) x 3], [($main::REPORT) x 3], [($main::SESSION) x 3],
 [(["what", ""]) x 5], [($main::REPORT) x 2]]
--- error_code eval
[(413) x 9, 200, 200]
--- response_body_like eval
[(qr/"item_too_large"/) x 5, (qr/"too_many_items"/) x 4, (qr/^\{\}$/) x 2]



=== TEST 13: a rate that is none
--- ingest
            errortracking_limit project=many;
--- at: errortracking_limit project=many
--- wrong: invalid parameter "project=many", "errortracking_limit" is such as "project=1000r/m burst=200" or "key=10r/s category=error\|session"



=== TEST 14: two rates in one directive
--- ingest
            errortracking_limit project=1r/s key=1r/s;
--- at: errortracking_limit project=1r/s
--- wrong: invalid parameter "key=1r/s", .*



=== TEST 15: a burst and no rate
--- ingest
            errortracking_limit burst=5;
--- at: errortracking_limit burst=5
--- wrong: "errortracking_limit" directive needs "project=" or "key=" and a rate, such as "project=1000r/m"



=== TEST 16: a quota of a category that nobody knows
--- ingest
            errortracking_limit key=1r/s category=error|errors;
--- at: errortracking_limit key=1r/s
--- wrong: invalid parameter "category=error\|errors", .*



=== TEST 17: no quota beside a quota
--- ingest
            errortracking_limit off;
            errortracking_limit key=1r/s;
--- at: errortracking_limit key=1r/s
--- wrong: "errortracking_limit" directive is "off" beside another



=== TEST 18: more quotas than there may be
--- ingest eval
"errortracking_limit key=1r/s;\n" x 16 . "errortracking_limit key=17r/s;"
--- at: errortracking_limit key=17r/s
--- wrong: too many "errortracking_limit", there may be 16 together



=== TEST 19: items that can't be stored
--- ingest
            errortracking_items error transaction;
--- at: errortracking_items
--- wrong: invalid category "transaction", what can be stored is "error", "security", "attachment", "session", "monitor", "feedback" and "log_item"
