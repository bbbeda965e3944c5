# Whose request it is: where the key may stand, which keys open what, and how
# the key composes with allow, deny and satisfy.

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

=== TEST 1: the key may stand in X-Sentry-Auth, with fields in any order and form
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 7]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=\$KEY, sentry_version=7",
 "X-Sentry-Auth: Sentry sentry_version=7,sentry_client=raven/1.0,sentry_key=\$KEY",
 "X-Sentry-Auth: sentry sentry_key=\$KEY",
 "X-Sentry-Auth: SENTRY   sentry_key=\$KEY ,sentry_timestamp=1.5",
 "x-sentry-auth: Sentry sentry_key=\$KEY,sentry_secret=whatever",
 "X-SENTRY-AUTH: Sentry sentry_key=\$KEY, sentry_version=6",
 "X-Sentry-Auth: Sentry sentry_key=\$GLET"]
--- error_code eval
[(200) x 7]



=== TEST 2: the key may stand in Authorization: Sentry
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 2]
--- more_headers eval
["Authorization: Sentry sentry_key=\$KEY, sentry_version=7",
 "Authorization: sentry sentry_version=7,sentry_key=\$GLET"]
--- error_code eval
[200, 200]



=== TEST 3: the key may stand in the query
--- more_headers
X-Nothing: here
--- request eval
["POST /api/\$PROJECT/store/?sentry_key=\$KEY\n" . ET::event(),
 "POST /api/\$PROJECT/envelope/?sentry_version=7&sentry_key=\$KEY&sentry_client=js\n"
     . ET::envelope("{}", ET::event())]
--- error_code eval
[200, 200]



=== TEST 4: the key may stand in the envelope's dsn
--- more_headers
X-Nothing: here
--- request eval
["POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@sentry.example.com/\$PROJECT\"}", ET::event()),
 "POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"http://\$GLET:secret\@h:443/errortracking/api/v1/projects/\$PROJECT\"}",
                   ET::event())]
--- error_code eval
[200, 200]



=== TEST 5: an unknown key in the envelope's dsn is 403
--- more_headers
X-Nothing: here
--- request eval
"POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://abc\@h/\$PROJECT\"}", ET::event())
--- error_code: 403
--- response_body_like: "unknown_key"



=== TEST 6: a known key of another project in the envelope's dsn is 403
--- more_headers
X-Nothing: here
--- request eval
"POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY2\@h/\$PROJECT\"}", ET::event())
--- error_code: 403
--- response_body_like: "wrong_project"



=== TEST 7: the same key in two places is no conflict
--- more_headers
X-Sentry-Auth: Sentry sentry_key=$KEY
Authorization: Sentry sentry_key=$KEY
--- request eval
"POST /api/\$PROJECT/envelope/?sentry_key=\$KEY\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event())



=== TEST 8: two keys in two places are 401
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()),
 ("POST /api/\$PROJECT/store/?sentry_key=\$GLET\n" . ET::event()),
 ("POST /api/\$PROJECT/store/?sentry_key=\$GLET\n" . ET::event())]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=\$KEY\nAuthorization: Sentry sentry_key=\$GLET",
 "X-Sentry-Auth: Sentry sentry_key=\$KEY",
 "Authorization: Sentry sentry_key=\$KEY"]
--- error_code eval
[401, 401, 401]
--- response_body_like eval
[(qr/"key_conflict"/) x 3]



=== TEST 9: a dsn of another key or project than the request's is 400
--- request eval
["POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$GLET\@h/\$PROJECT\"}", ET::event()),
 "POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT2\"}", ET::event())]
--- error_code eval
[400, 400]
--- response_body_like eval
[(qr/"dsn_mismatch"/) x 2]



=== TEST 10: Authorization of another scheme is none of ours
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=\$KEY\nAuthorization: Bearer something",
 "Authorization: Bearer something"]
--- error_code eval
[200, 401]



=== TEST 11: no key is 401
--- more_headers
X-Nothing: here
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event()),
 "POST /api/\$PROJECT/envelope/\n" . ET::envelope("{\"dsn\":null}", ET::event()),
 "POST /api/\$PROJECT/envelope/?key=\$KEY\n" . ET::envelope("{}", ET::event())]
--- error_code eval
[(401) x 4]
--- response_body_like eval
[(qr/"no_key"/) x 4]



=== TEST 12: an unknown key is 403, also where it begins as a known one, or goes on
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 4]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=nobody",
 "X-Sentry-Auth: Sentry sentry_key=0123456789abcdef",
 ET::store_auth($ET::KEY . "0"),
 "X-Sentry-Auth: Sentry sentry_key=" . uc($ET::KEY)]
--- error_code eval
[(403) x 4]
--- response_body_like eval
[(qr/"unknown_key"/) x 4]



=== TEST 13: a key of another project is 403, and of its own is 200
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event()]
--- more_headers
X-Sentry-Auth: Sentry sentry_key=$KEY2
--- error_code eval
[403, 200]
--- response_body_like eval
[qr/"wrong_project"/, qr/"id"/]



=== TEST 14: a key of two projects writes to both
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event()]
--- more_headers
X-Sentry-Auth: Sentry sentry_key=$GLET
--- error_code eval
[200, 200]



=== TEST 15: a malformed key is 400
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 3]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=a/b",
 "X-Sentry-Auth: Sentry sentry_key=" . "a" x 256,
 "X-Sentry-Auth: Sentry sentry_key=%30123456789abcdef0123456789abcdef"]
--- error_code eval
[(400) x 3]
--- response_body_like eval
[(qr/"bad_key"/) x 3]



=== TEST 16: a protocol version above 7 is 400
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- more_headers
X-Sentry-Auth: Sentry sentry_key=$KEY, sentry_version=8
--- error_code: 400
--- response_body_like: "bad_version"



=== TEST 17: with satisfy all an address that is denied is refused whatever its key
--- ingest
            deny all;
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- error_code: 403
--- response_body_like: 403 Forbidden



=== TEST 18: with satisfy all an address that is allowed needs a key all the same
--- ingest
            allow 127.0.0.1;
            deny all;
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 3]
--- more_headers eval
[ET::store_auth(), ET::store_auth("nobody"), "X-Nothing: here"]
--- error_code eval
[200, 403, 401]



=== TEST 19: with satisfy any a good key opens to an address that is denied
--- ingest
            satisfy any;
            deny all;
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- response_body_like: "id"



=== TEST 20: with satisfy any a bad key and a denied address are refused
--- ingest
            satisfy any;
            deny all;
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 2]
--- more_headers eval
[ET::store_auth("nobody"), "X-Nothing: here"]
--- error_code_like eval
["^403\$", "^40[13]\$"]



=== TEST 21: with satisfy any an allowed address does not make a key of an unknown one
--- ingest
            satisfy any;
            allow all;
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 3]
--- more_headers eval
[ET::store_auth(), ET::store_auth("nobody"), "X-Nothing: here"]
--- error_code eval
[200, 403, 401]
--- response_body_like eval
[qr/"id"/, qr/"unknown_key"/, qr/"no_key"/]



=== TEST 22: an envelope with its key in its dsn is subject to deny as any other
--- ingest
            deny all;
--- more_headers
X-Nothing: here
--- request eval
"POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event())
--- error_code: 403
--- response_body_like: 403 Forbidden



=== TEST 23: locations have the keys of their own files
--- config
    location /a/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
    }
    location /b/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_SERVROOT/html/other.keys;
    }
--- user_files
>>> other.keys
# CRLF, tabs and a comment are no trouble
$PROJECT	otherkey # of b
--- request eval
[("POST /a/api/\$PROJECT/store/\n" . ET::event()),
 ("POST /b/api/\$PROJECT/store/\n" . ET::event()),
 ("POST /b/api/\$PROJECT/store/\n" . ET::event())]
--- more_headers eval
["X-Sentry-Auth: Sentry sentry_key=\$KEY",
 "X-Sentry-Auth: Sentry sentry_key=\$KEY",
 "X-Sentry-Auth: Sentry sentry_key=otherkey"]
--- error_code eval
[200, 403, 200]



=== TEST 24: the user of Authorization: Basic is a key, whatever the password
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 5]
--- more_headers eval
use MIME::Base64;
[(map { "Authorization: Basic " . encode_base64($_, "") }
  "$ET::KEY:", "$ET::KEY:secret", $ET::KEY, "nobody:x", "someone\@else:x")]
--- error_code eval
[200, 200, 200, 403, 401]
--- response_body_like eval
[(qr/"id"/) x 3, qr/"unknown_key"/, qr/"no_key"/]



=== TEST 25: Basic and another source that agree are one, and that disagree are none
--- request eval
["POST /api/\$PROJECT/store/?sentry_key=\$KEY\n" . ET::event(),
 "POST /api/\$PROJECT/store/?sentry_key=\$GLET\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- more_headers eval
use MIME::Base64;
my $basic = "Authorization: Basic " . encode_base64("$ET::KEY:x", "");
[$basic, $basic, $basic . "\n" . ET::store_auth($ET::GLET)]
--- error_code eval
[200, 401, 401]
--- response_body_like eval
[qr/"id"/, qr/"key_conflict"/, qr/"key_conflict"/]



=== TEST 26: a query's values may be escaped
--- request eval
my $escaped = join "", map { sprintf "%%%02x", ord } split //, $ET::KEY;
["POST /api/\$PROJECT/store/?sentry_version=%37&sentry_key=$escaped\n" . ET::event(),
 "POST /api/\$PROJECT/store/?sentry_version=%38&sentry_key=$escaped\n" . ET::event(),
 "POST /api/\$PROJECT/store/?sentry_key=a%20b\n" . ET::event()]
--- more_headers
X-Nothing: here
--- error_code eval
[200, 400, 400]
--- response_body_like eval
[qr/"id"/, qr/"bad_version"/, qr/"bad_key"/]



=== TEST 27: a key in the path is a source like any other
--- request eval
["POST /api/\$PROJECT/unreal/nobody/\n{}",
 "POST /api/\$PROJECT/unreal/\$GLET/\n{}",
 "POST /api/\$PROJECT/unreal/a.b/\n{}", "POST /api/\$PROJECT/cron/a/nobody/\n{}"]
--- more_headers eval
["X-Nothing: here", ET::store_auth(), "X-Nothing: here", "X-Nothing: here"]
--- error_code eval
[403, 401, 400, 403]
--- response_body_like eval
[qr/"unknown_key"/, qr/"key_conflict"/, qr/"bad_key"/, qr/"unknown_key"/]



=== TEST 28: the dialog's key is in the dsn of its query
--- request eval
["GET /api/embed/error-page/", "GET /api/embed/error-page/?dsn=nothing",
 "GET /api/embed/error-page/?dsn=https%3A%2F%2Fnobody%40h%2F1",
 "POST /api/embed/error-page/?dsn=https%3A%2F%2F\$KEY%40h%2F\$PROJECT2\n{}"]
--- more_headers
X-Nothing: here
--- error_code eval
[400, 400, 403, 403]
--- response_body_like eval
[qr/"bad_dsn"/, qr/"bad_dsn"/, qr/"unknown_key"/, qr/"wrong_project"/]
