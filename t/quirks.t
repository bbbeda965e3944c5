# What real SDKs send that no specification has: each quirk is a block, whose
# name says it, and what becomes of it in ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

# The answer's id of each request, in their order.
our @ids;

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body) = @_;

    push @ids, ($body // "") =~ /"id":"([0-9a-f]{32})"/ ? $1 : "";
});

# after that, since what it is given runs a block's "then"
ET::Blocks::setup();

# What ClickHouse has of the event that was the last but so many to be answered.
sub of {
    my ($what, $back) = @_;
    my $id = $ids[-1 - ($back // 0)];

    return ET::until_true(sub {
        ET::sql("SELECT $what FROM errortracking.events WHERE project_id "
                . "IN ($PROJECT, $PROJECT2) AND event_id = toUUID('$id') "
                . "FORMAT TSVRaw") });
}

sub store {
    my ($members) = @_;

    return "POST /api/\$PROJECT/store/\n{\"platform\":\"python\",$members}";
}

our $FRAMES = '"stacktrace":{"frames":[{"filename":"a.py","function":"f",'
              . '"in_app":true}]}';

run_tests();

__DATA__

=== TEST 1: a store event without an event_id gets one, a null or empty one too
--- request eval
[::store('"message":"no id"'), ::store('"message":"no id","event_id":null'),
 ::store('"message":"no id","event_id":""')]
--- error_code eval
[(200) x 3]
--- response_body_like eval
[(qr/^\{"id":"[0-9a-f]{32}"\}$/) x 3]
--- then
is(main::of("message", $_), "no id", "the answer has the id that is stored")
    for 0 .. 2;
isnt($main::ids[-1], $main::ids[-2], "and each has its own");



=== TEST 2: a release that is no string is one, or is dropped and noted
--- request eval
[::store('"message":"m","release":20260101'),
 ::store('"message":"m","release":1.5'),
 ::store('"message":"m","release":["a"]')]
--- error_code eval
[(200) x 3]
--- then
is(main::of("release", 2), "20260101", "an integer");
is(main::of("release", 1), "1.5", "a fraction");
is(main::of("concat(release, notes[1])"),
   "release: a list, dropped", "a list");



=== TEST 3: a fingerprint of numbers and booleans groups, as the same in strings does
--- request eval
[::store('"message":"one","fingerprint":[7,true]'),
 ::store('"message":"two","fingerprint":["7","true"]'),
 ::store('"message":"two","fingerprint":[8,true]')]
--- error_code eval
[(200) x 3]
--- then
my @prints = map { main::of("fingerprint", $_) } 2, 1, 0;
is($prints[0], $prints[1], "equal ones are one error");
isnt($prints[0], $prints[2], "others another");



=== TEST 4: a user's id that is an integer is that text
--- request eval
::store('"message":"m","user":{"id":1234567890123,"email":"a@b.example"}')
--- then
is(main::of("concat(user_id, ' ', user_email)"),
   "1234567890123 a\@b.example", "all digits of it");



=== TEST 5: headers that are pairs are kept, and scrubbed as an object's are
--- request eval
::store('"message":"m","request":{"url":"http://a.example/",'
        . '"headers":[["Accept","*/*"],["Authorization","Basic abc"]]}')
--- then
is(main::of("JSONExtractRaw(payload, 'request', 'headers')"),
   '[["Accept","*/*"],["Authorization","[Filtered]"]]', "as pairs");



=== TEST 6: a header's value that is a list is kept, and scrubbed as a text is
--- request eval
::store('"message":"m","request":{"url":"http://a.example/","headers":'
        . '{"Accept":["a/b","c/d"],"Cookie":["sessionid=abc; lang=en"]}}')
--- then
is(main::of("JSONExtractRaw(payload, 'request', 'headers')"),
   '{"Accept":["a/b","c/d"],"Cookie":["sessionid=[Filtered]; lang=en"]}',
   "as a list");



=== TEST 7: a logentry that is a string is the message
--- request eval
::store('"logentry":"just a text"')
--- then
is(main::of("message"), "just a text", "as it is");



=== TEST 8: a message that is an object is what it says, formatted or not
--- request eval
[::store('"message":{"message":"Hi %s","params":["you"],"formatted":"Hi!"}'),
 ::store('"message":{"message":"Hi %s","params":["you"]}')]
--- error_code eval
[200, 200]
--- then
is(main::of("message", 1), "Hi!", "formatted");
is(main::of("message"), "Hi you", "to be formatted");



=== TEST 9: an exception with null or no frames, a null stack trace, null among the values
--- request eval
[map { ::store("\"exception\":{\"values\":[null,{\"type\":\"E\",\"value\":\"v\"$_}]}") }
    "", ',"stacktrace":null', ',"stacktrace":{}',
    ',"stacktrace":{"frames":null}', ',"stacktrace":{"frames":[]}',
    ',"stacktrace":{"frames":[null]}']
--- error_code eval
[(200) x 6]
--- then
is(main::of("concat(type, ': ', value)", $_), "E: v", "is its exception")
    for 0 .. 5;
my %prints = map { main::of("fingerprint", $_) => 1 } 0 .. 5;
is(keys %prints, 1, "and all are one error");



=== TEST 10: an exception that is a list, or one object, as Go's and Python's old SDKs send it
--- request eval
[map { ::store("\"exception\":$_") }
    "[{\"type\":\"E\",\"value\":\"v\",$::FRAMES}]",
    "{\"type\":\"E\",\"value\":\"v\",$::FRAMES}",
    "{\"values\":[{\"type\":\"E\",\"value\":\"v\",$::FRAMES}]}"]
--- error_code eval
[(200) x 3]
--- then
is(main::of("concat(type, ': ', value, ' in ', culprit)", $_), "E: v in a.py in f",
   "is an exception") for 0 .. 2;
my %prints = map { main::of("fingerprint", $_) => 1 } 0 .. 2;
is(keys %prints, 1, "in each form the same");



=== TEST 11: params that are an object take their places by name
--- request eval
::store('"logentry":{"message":"%(who)s has %(n)d","params":{"who":"it","n":3}}')
--- then
is(main::of("message"), "it has 3", "in the message");



=== TEST 12: None in contexts, in breadcrumbs, tags, user and request does no harm
--- request eval
::store('"message":"m","contexts":{"os":null,"trace":{"trace_id":null},'
        . '"runtime":{"name":null}},"breadcrumbs":[null,{"message":null}],'
        . '"tags":{"a":null,"b":"c"},"user":null,"request":null,"extra":null,'
        . '"sdk":null,"modules":null,"level":null,"release":null')
--- then
is(main::of("concat(message, ' ', level, ' ', toString(tags))"),
   "m error {'b':'c'}", "the event has what is not null");



=== TEST 13: Infinity and -Infinity, which Python's json prints, become null, and NaN an empty text
--- request eval
::store('"message":"NaN stays","extra":{"a":NaN,"b":[Infinity,-Infinity],"c":1}')
--- then
is(main::of("JSONExtractRaw(payload, 'extra')"),
   '{"a":"","b":[null,null],"c":1}', "in numbers' places alone");
is(main::of("message"), "NaN stays", "not in texts");



=== TEST 14: the same event_id twice is answered with it twice, and none of the two is lost
--- request eval
my $twice = ET::event(id => "e" x 32);
["POST /api/\$PROJECT/store/\n$twice",
 "POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", $twice)]
--- error_code eval
[200, 200]
--- response_body eval
[("{\"id\":\"" . "e" x 32 . "\"}") x 2]
--- then
is(ET::until_true(sub { main::of("if(sum(n) = 2, 'both', '')") }), "both",
   "are counted");



=== TEST 15: two events in one envelope are two, and only the first has the envelope's id
--- request eval
"POST /api/\$PROJECT/envelope/\n"
. ET::envelope("{\"event_id\":\"" . "d" x 32 . "\"}",
               "{\"message\":\"first of two\"}",
               "{\"message\":\"second of two\",\"event_id\":\"" . "d" x 32
               . "\"}")
--- response_body eval
"{\"id\":\"" . "d" x 32 . "\"}"
--- then
is(main::of("message"), "first of two", "it is the first's");
is(ET::until_true(sub {
       ET::sql("SELECT notes[1] FROM errortracking.events "
               . "WHERE project_id = $ET::PROJECT AND message = "
               . "'second of two' AND event_id != toUUID('" . "d" x 32
               . "') FORMAT TSVRaw") }),
   "event_id: another event's, a new one made", "the second has another");



=== TEST 16: items that nobody stores need no event_id, and cost the event beside them nothing
--- request eval
["POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{}", ["statsd", "a:1|c"], ["nobody_knows", "\0\1"]),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{}", ["profile", "{}"], ["replay_recording", "\n\n"],
                  "{\"message\":\"beside\"}")]
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/^\{\}$/, qr/"id"/]
--- then
is(main::of("message"), "beside", "it is stored");



=== TEST 17: a chunked body needs no length
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::chunked(ET::event(message => "chunked"), 7),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::chunked(ET::gzipped(ET::envelope("{}", ET::event(message => "both"))), 7)]
--- more_headers eval
[ET::store_auth() . "\nTransfer-Encoding: chunked",
 ET::store_auth() . "\nTransfer-Encoding: chunked\nContent-Encoding: gzip"]
--- error_code eval
[200, 200]
--- then
is(main::of("message", 1), "chunked", "an event");
is(main::of("message"), "both", "and a compressed envelope");



=== TEST 18: a Content-Encoding that is wrong does not cost the event
--- request eval
[map { "POST /api/\$PROJECT/store/\n$_" }
    ET::event(message => "plain"), ET::zlibbed(ET::event(message => "zlib")),
    ET::gzipped(ET::event(message => "gz")),
    ET::gzipped(ET::event(message => "gzip"))]
--- more_headers eval
[map { ET::store_auth() . ($_ ? "\nContent-Encoding: $_" : "") }
    "gzip", "gzip", "deflate", ""]
--- error_code eval
[(200) x 4]
--- then
is(main::of("message", 3), "plain", "JSON that is said to be gzip");
is(main::of("message", 2), "zlib", "zlib that is said to be gzip");
is(main::of("message", 1), "gz", "gzip that is said to be deflate");
is(main::of("message"), "gzip", "gzip that says nothing");



=== TEST 19: several slashes are one, and the last may be missing
--- request eval
[map { "POST $_\n{\"message\":\"slashes\"}" } "//api/\$PROJECT/store/",
    "/errors//api//\$PROJECT///store//", "/api/\$PROJECT/store"]
--- error_code eval
[(200) x 3]
--- then
is(main::of("message", $_), "slashes", "it is stored") for 0 .. 2;



=== TEST 20: Angular's browser SDK at GitLab's DSN: text/plain, key in the query, in many forms what browsers have
--- request eval
my $event = '{"exception":{"values":[{"type":"HttpErrorResponse","value":'
    . '"Http failure response for /x: 0 Unknown Error","stacktrace":{"frames":'
    . '[{"filename":"http://a.example/main.js","function":"?","in_app":true,'
    . '"lineno":1,"colno":73},{"filename":"http://a.example/polyfills.js",'
    . '"function":"Zone.run"}]},"mechanism":{"type":"generic","handled":false}}'
    . ']},"level":"error","platform":"javascript","event_id":"' . "c" x 32
    . '","timestamp":' . time() . '.25,"environment":"production","sdk":{'
    . '"integrations":["InboundFilters","FunctionToString"],"name":'
    . '"sentry.javascript.angular","version":"7.120.0","packages":[{"name":'
    . '"npm:@sentry/angular","version":"7.120.0"}]},"request":{"url":'
    . '"http://a.example/","headers":{"User-Agent":"Mozilla/5.0"}},"extra":'
    . '{"__serialized__":{"status":0,"headers":{"normalizedNames":{}}}},'
    . '"breadcrumbs":[{"timestamp":1.5,"category":"console","level":"log"}],'
    . '"debug_meta":{}}';
my $at = "?sentry_key=\$GLET&sentry_version=7"
    . "&sentry_client=sentry.javascript.angular%2F7.120.0";
["POST /errortracking/api/v1/projects/api/\$PROJECT2/envelope/$at\n"
  . ET::envelope('{"event_id":"' . "c" x 32 . '","sent_at":"2026-01-01T00:00:00.000Z",'
                 . '"sdk":{"name":"sentry.javascript.angular","version":"7.120.0"},'
                 . '"trace":{"environment":"production","public_key":"x"}}', $event)
    =~ s/,"length":\d+//r,
 "POST /errortracking/api/v1/projects/api/\$PROJECT2/envelope/$at\n"
  . '{"sent_at":"2026-01-01T00:00:00.000Z"}' . "\n" . '{"type":"session"}' . "\n"
  . '{"sid":"' . "b" x 32 . '","init":true,"started":"2026-01-01T00:00:00Z",'
  . '"timestamp":"2026-01-01T00:00:00Z","status":"ok","errors":0,"attrs":{}}']
--- more_headers eval
[("Origin: http://a.example\nContent-Type: text/plain;charset=UTF-8") x 2]
--- error_code eval
[200, 200]
--- response_headers eval
[("Access-Control-Allow-Origin: *") x 2]
--- then
is(main::of("concat(type, ' ', sdk_name, ' ', culprit)", 1),
   "HttpErrorResponse sentry.javascript.angular http://a.example/main.js", "it is an error");



=== TEST 21: capture_message, an event without an exception, is an error of its message
--- request eval
["POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{}", '{"message":"Something went wrong","level":"info",'
                        . '"platform":"python","contexts":{}}'),
 ::store('"logentry":{"message":"Something went wrong","params":[]},"level":"info"')]
--- error_code eval
[200, 200]
--- then
is(main::of("concat(level, ' ', type, message)", $_),
   "info Something went wrong", "with its level") for 0, 1;
is(main::of("fingerprint", 0), main::of("fingerprint", 1), "in each form the same");



=== TEST 22: gzip on store
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::gzipped(ET::event(message => "zipped"))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- then
is(main::of("message"), "zipped", "is an event");
