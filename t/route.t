# Which paths are endpoints: any prefix, GitLab's DSN path, slashes; what
# everything else is answered.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

run_tests();

__DATA__

=== TEST 1: an envelope is taken at /api/PROJECT/envelope/
--- request eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event())
--- response_body_like: ^\{"id":"[0-9a-f]{32}"\}$
--- response_headers
Content-Type: application/json



=== TEST 2: a store event is taken at /api/PROJECT/store/
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event(id => "c" x 32)
--- response_body: {"id":"cccccccccccccccccccccccccccccccc"}
--- then
is(ET::until_true(sub { ET::sql("SELECT count() FROM errortracking.events
        WHERE project_id = $ET::PROJECT AND event_id = toUUID('"
        . "c" x 32 . "')") }), 1, "the row has the path's project");



=== TEST 3: the slash at the end may be missing
--- request eval
["POST /api/\$PROJECT/envelope\n" . ET::envelope("{}", ET::event()),
 "POST /api/\$PROJECT/store\n" . ET::event()]
--- response_body_like eval
[qr/"id"/, qr/"id"/]
--- error_code eval
[200, 200]



=== TEST 4: GitLab's DSN path is a prefix like any other
--- request eval
["POST /errortracking/api/v1/projects/api/\$PROJECT/envelope/\n"
    . ET::envelope("{}", ET::event()),
 "POST /errortracking/api/v1/projects/api/\$PROJECT/store/\n" . ET::event()]
--- response_body_like eval
[qr/"id"/, qr/"id"/]
--- error_code eval
[200, 200]



=== TEST 5: any prefix works, of any depth and with what looks like an endpoint in it
--- request eval
["POST /sentry/api/\$PROJECT/store/\n" . ET::event(),
 "POST /a/b/c/d/e/f/api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/1/store/api/\$PROJECT/store/\n" . ET::event()]
--- response_body_like eval
[qr/"id"/, qr/"id"/, qr/"id"/]
--- error_code eval
[200, 200, 200]



=== TEST 6: repeated slashes are one
--- request eval
["POST //api//\$PROJECT//envelope//\n" . ET::envelope("{}", ET::event()),
 "POST ///api/\$PROJECT/store///\n" . ET::event(),
 "POST /prefix//api///\$PROJECT/store\n" . ET::event()]
--- response_body_like eval
[qr/"id"/, qr/"id"/, qr/"id"/]
--- error_code eval
[200, 200, 200]



=== TEST 7: repeated slashes are one where NGINX does not merge them, too
--- config
    merge_slashes off;
    location / {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
    }
--- request eval
"POST //api//\$PROJECT///store//\n" . ET::event()
--- response_body_like: "id"



=== TEST 8: a location that is only a prefix of the path serves it
--- config
    location /errortracking/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
    }
    location / { return 418; }
--- request eval
["POST /errortracking/api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- response_body_like eval
[qr/"id"/, qr/^/]
--- error_code eval
[200, 418]



=== TEST 9: a path without an endpoint is 404 in the contract's form
--- request eval
["POST /\n{}", "POST /api/\n{}", "POST /api/\$PROJECT/\n{}",
 "POST /api/\$PROJECT/nothing/\n{}", "POST /\$PROJECT/store/\n{}",
 "POST /store/\n{}", "POST /apis/\$PROJECT/store/\n{}",
 "POST /xapi/\$PROJECT/store/\n{}", "POST /api/\$PROJECT/store/x\n{}",
 "POST /api/\$PROJECT/envelopes/\n{}"]
--- error_code eval
[(404) x 10]
--- response_body_like eval
[(qr/^\{"detail":"no such endpoint","causes":\["not_found"\]\}$/) x 10]
--- response_headers eval
[("X-Sentry-Error: no such endpoint") x 10]



=== TEST 10: a project that is no decimal number of 64 bits is 400
--- request eval
["POST /api/abc/store/\n{}", "POST /api/1x/store/\n{}",
 "POST /api/-1/store/\n{}", "POST /api/+1/store/\n{}",
 "POST /api/18446744073709551616/store/\n{}",
 "POST /api/0x10/store/\n{}", "POST /api/1.0/store/\n{}"]
--- error_code eval
[(400) x 7]
--- response_body_like eval
[(qr/"causes":\["bad_project"\]/) x 7]



=== TEST 11: the largest project id of 64 bits is one, and is refused for its key alone
--- request
POST /api/18446744073709551615/store/
{}
--- error_code: 403
--- response_body_like: "wrong_project"



=== TEST 12: another method than an endpoint's own is 405, with what is allowed
--- request eval
["GET /api/\$PROJECT/envelope/", "PUT /api/\$PROJECT/store/\n{}",
 "DELETE /api/\$PROJECT/envelope/", "PATCH /api/\$PROJECT/envelope/\n{}",
 "GET /api/\$PROJECT/security/", "GET /api/\$PROJECT/nel/",
 "GET /api/\$PROJECT/minidump/", "PUT /api/\$PROJECT/cron/x/\n{}",
 "POST /api/relay/healthcheck/live/\n{}"]
--- error_code eval
[(405) x 9]
--- response_headers eval
["Allow: POST, OPTIONS", "Allow: GET, POST, OPTIONS",
 ("Allow: POST, OPTIONS") x 5, "Allow: GET, POST, OPTIONS",
 "Allow: GET, OPTIONS"]
--- response_body_like eval
[(qr/"bad_method"/) x 9]



=== TEST 13: HEAD is 405 without a body
--- request
HEAD /api/$PROJECT/envelope/
--- error_code: 405
--- response_headers
Allow: POST, OPTIONS
--- response_body:



=== TEST 14: a query does not belong to the path
--- request eval
"POST /api/\$PROJECT/store/?sentry_key=\$KEY&a=/api/1/envelope/\n" . ET::event()
--- response_body_like: "id"



=== TEST 15: escaped characters of a path are what they stand for
--- request eval
"POST /%61pi/\$PROJECT/stor%65/\n" . ET::event()
--- response_body_like: "id"



=== TEST 16: an event is taken by GET in the query, and answered with a GIF of a pixel
--- request eval
my $event = '{"event_id":"' . "d" x 32 . '","message":"a%20b+c%2Bd"}';
$event =~ s/([{}":,])/sprintf "%%%02X", ord $1/ge;
"GET /api/\$PROJECT/store/?sentry_version=4&sentry_client=raven-js%2F1.1.16"
. "&sentry_key=\$KEY&sentry_data=$event"
--- more_headers
X-Nothing: here
--- response_headers
Content-Type: image/gif
Content-Length: 43
Cache-Control: no-store
--- response_body_like: ^GIF89a
--- then
is(ET::until_true(sub { ET::sql("SELECT message FROM errortracking.events
        WHERE project_id = $ET::PROJECT AND event_id = toUUID('"
        . "d" x 32 . "')") }), "a b c+d", "and is in ClickHouse");



=== TEST 17: a GET without an event in its query is an empty body
--- request eval
["GET /api/\$PROJECT/store/", "GET /api/\$PROJECT/store/?sentry_data=",
 "GET /api/\$PROJECT/store/?sentry_data=%7B"]
--- error_code eval
[400, 400, 400]
--- response_body_like eval
[qr/"empty_body"/, qr/"empty_body"/, qr/"bad_json"/]



=== TEST 18: /api/store/ has its key's project, and no other
--- request eval
["POST /api/store/\n" . ET::event(id => "e" x 32),
 "POST /prefix//api//store\n" . ET::event(),
 "POST /api/store/\n" . ET::event(), "POST /api/store/\n" . ET::event(),
 "POST /api/store/\n" . ET::event()]
--- more_headers eval
[ET::store_auth(), ET::store_auth($ET::KEY2), ET::store_auth($ET::GLET),
 ET::store_auth("nobody"), "X-Nothing: here"]
--- error_code eval
[200, 200, 400, 403, 401]
--- response_body_like eval
[qr/"id"/, qr/"id"/, qr/"ambiguous_key"/, qr/"unknown_key"/, qr/"no_key"/]
--- then
is(ET::until_true(sub { ET::sql("SELECT project_id FROM errortracking.events
        WHERE event_id = toUUID('" . "e" x 32 . "') AND project_id = "
        . $ET::PROJECT) }), $ET::PROJECT, "the row has the key's project");



=== TEST 19: the other endpoints are found at their paths, and asked for a key
--- request eval
[map { "POST /prefix//api/\$PROJECT/$_\n{}" } "security/", "csp-report",
    "nel/", "minidump//", "events/" . "a" x 32 . "/attachments/", "cron/a/"]
--- more_headers
X-Nothing: here
--- error_code eval
[(401) x 6]
--- response_body_like eval
[(qr/"no_key"/) x 6]



=== TEST 20: the health checks need no key and tell nothing else
--- request eval
["GET /api/relay/healthcheck/live/", "GET /x//api/relay/healthcheck/live",
 "GET /api/relay/healthcheck/ready/", "HEAD /api/relay/healthcheck/ready/"]
--- more_headers
X-Nothing: here
--- response_body eval
['{"is_healthy":true}', '{"is_healthy":true}', '{"is_healthy":true}', ""]
--- response_headers eval
[("Content-Type: application/json") x 4]



=== TEST 21: a full zone is not ready, and alive
--- bare
--- http_config
    errortracking_zone t 8m;
    errortracking_exit_timeout 1s;
    client_body_temp_path $TEST_NGINX_SERVROOT/client_body_temp;
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_KEYS;
        }
        location = /clickhouse {
            internal;
            errortracking_flush zone=t;
            proxy_pass http://127.0.0.1:1/;
        }
--- request eval
["GET /api/relay/healthcheck/ready/",
 ("POST /api/\$PROJECT/store/\n" . ET::event(size => 1_000_000)) x 9,
 "GET /api/relay/healthcheck/ready/", "GET /api/relay/healthcheck/live/"]
--- error_code_like eval
["^200\$", ("^(200|503)\$") x 8, ("^503\$") x 2, "^200\$"]
--- response_body_like eval
[qr/^\{"is_healthy":true\}$/, (qr/./) x 9, qr/^\{"is_healthy":false\}$/,
 qr/^\{"is_healthy":true\}$/]
