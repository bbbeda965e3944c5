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
 "POST /api/store/\n{}", "POST /apis/\$PROJECT/store/\n{}",
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



=== TEST 12: another method than POST is 405, with what is allowed
--- request eval
["GET /api/\$PROJECT/envelope/", "GET /api/\$PROJECT/store/",
 "PUT /api/\$PROJECT/store/\n{}", "DELETE /api/\$PROJECT/envelope/",
 "PATCH /api/\$PROJECT/envelope/\n{}"]
--- error_code eval
[(405) x 5]
--- response_headers eval
[("Allow: POST") x 5]
--- response_body_like eval
[(qr/"bad_method"/) x 5]



=== TEST 13: HEAD is 405 without a body
--- request
HEAD /api/$PROJECT/envelope/
--- error_code: 405
--- response_headers
Allow: POST
--- response_body:



=== TEST 14: a query does not belong to the path
--- request eval
"POST /api/\$PROJECT/store/?sentry_key=\$KEY&a=/api/1/envelope/\n" . ET::event()
--- response_body_like: "id"



=== TEST 15: escaped characters of a path are what they stand for
--- request eval
"POST /%61pi/\$PROJECT/stor%65/\n" . ET::event()
--- response_body_like: "id"
