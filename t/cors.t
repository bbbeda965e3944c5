# CORS: a page's own script may send from anywhere, and read every answer,
# errors and NGINX's own included; a preflight needs no key.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

our $EXPOSE = "x-sentry-error, x-sentry-rate-limits, retry-after";
our $HEADERS = "Access-Control-Allow-Origin: *\n"
               . "Access-Control-Expose-Headers: $EXPOSE";

run_tests();

__DATA__

=== TEST 1: what was taken may be read from anywhere, whether or not it says from where
--- request eval
[("POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event())) x 2,
 "GET /api/\$PROJECT/store/?sentry_data=%7B%7D"]
--- more_headers eval
[ET::store_auth(), ET::store_auth() . "\nOrigin: https://shop.example",
 ET::store_auth()]
--- response_headers eval
[("$::HEADERS\nAccess-Control-Allow-Methods:\nAccess-Control-Max-Age:") x 3]



=== TEST 2: so may every refusal
--- ingest
            errortracking_max_body_size 100k;
--- request eval
["POST /api/\$PROJECT/store/\n", "POST /api/\$PROJECT/store/\n{",
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/x/store/\n{}", "POST /nothing/\n{}", "PUT /api/1/store/\n{}",
 "POST /api/\$PROJECT/store/\n" . ET::event(size => 102401)]
--- more_headers eval
[ET::store_auth(), ET::store_auth(), "X-Nothing: here",
 ET::store_auth("nobody"), (ET::store_auth()) x 4]
--- error_code eval
[400, 400, 401, 403, 400, 404, 405, 413]
--- response_headers eval
[($::HEADERS) x 8]



=== TEST 3: so may what NGINX refuses by itself
--- ingest
            errortracking_max_body_size 10k;
            limit_except GET { deny all; }
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- error_code: 403
--- response_headers eval: $::HEADERS
--- response_body_like: 403 Forbidden



=== TEST 4: a body that goes on and on is cut off by NGINX, with the headers
--- ingest
            errortracking_max_body_size 1k;
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::chunked("x" x 200_000, 10_000)
--- more_headers eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- error_code: 413
--- response_headers eval: $::HEADERS



=== TEST 5: a preflight of any endpoint needs no key
--- request eval
[map { "OPTIONS $_" } "/api/\$PROJECT/envelope/", "/api/\$PROJECT/store/",
    "/api/store/", "/api/\$PROJECT/security/", "/api/\$PROJECT/csp-report/",
    "/api/\$PROJECT/nel/", "/api/\$PROJECT/minidump/",
    "/api/\$PROJECT/unreal/nobody/",
    "/api/\$PROJECT/events/x/attachments/", "/api/\$PROJECT/cron/a/nobody/",
    "/api/embed/error-page/", "/api/relay/healthcheck/live/",
    "/p//api/\$PROJECT/envelope", "/nothing/"]
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type, x-sentry-auth
--- response_headers eval
[("$::HEADERS\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\n"
  . "Access-Control-Allow-Headers: x-sentry-auth, x-requested-with, "
  . "x-forwarded-for, origin, referer, accept, content-type, "
  . "authentication, authorization, content-encoding, transfer-encoding, "
  . "sentry-trace, baggage\nAccess-Control-Max-Age: 3600\n"
  . "Content-Length: 0\nContent-Type:") x 14]
--- response_body eval
[("") x 14]



=== TEST 6: a preflight with an unknown key in its query is answered, as one cannot help it
--- request
OPTIONS /api/$PROJECT/envelope/?sentry_key=nobody&sentry_version=99
--- more_headers
X-Nothing: here
--- response_headers
Access-Control-Allow-Origin: *



=== TEST 7: with satisfy any a preflight passes where only a key does
--- ingest
            satisfy any;
            deny all;
--- request
OPTIONS /api/$PROJECT/envelope/
--- more_headers
X-Nothing: here
--- response_headers
Access-Control-Allow-Origin: *



=== TEST 8: deny is for preflights, too
--- ingest
            deny all;
--- request
OPTIONS /api/$PROJECT/envelope/
--- error_code: 403
--- response_headers
Access-Control-Allow-Origin: *



=== TEST 9: a preflight with a body, and a request behind it in the connection
--- pipelined_requests eval
["OPTIONS /api/\$PROJECT/envelope/\n" . "x" x 5000,
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- response_body_like eval
[qr/^$/, qr/"id"/]
--- error_code eval
[200, 200]



=== TEST 10: preflights are counted as their endpoints' requests
--- request eval
["OPTIONS /api/\$PROJECT/store/", "GET /metrics"]
--- response_body_like eval
[qr/^$/, qr/^errortracking_requests_total\{zone="t",endpoint="store",code="200"\} 1$/m]



=== TEST 11: the pages beside have none of it
--- request eval
["GET /metrics", "GET /status"]
--- response_headers eval
[("Access-Control-Allow-Origin:") x 2]
