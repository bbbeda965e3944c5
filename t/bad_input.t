# Whatever a client sends that is wrong, each case in one connection: the bad
# request, a good one behind it, and the metrics.
#
#     --- bad     the bad request, method and path and body
#     --- header  its headers, the key's where there are none
#     --- status  what the contract says
#     --- reason  what it is counted under
#     --- detail  what the client reads, in the body and in X-Sentry-Error
#
# From these a block gets its checks: see bad() below.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

# the last one is the first to see a block
add_block_preprocessor(\&bad);

run_tests();


sub bad {
    my ($block) = @_;

    my $id = ET::new_id();
    my $name = $block->name;
    my $reason = $block->reason;
    my $detail = $block->detail;
    my $header = $block->header;

    for ($reason, $detail, $header) {
        s/\s+\z// if defined;
    }

    $block->set_value("pipelined_requests",
                      [ $block->bad,
                        "POST /api/\$PROJECT/store/\n" . event(id => $id),
                        "GET /metrics" ]);

    $block->set_value("more_headers",
                      [ $header // store_auth(), store_auth(), "X-N: n" ]);

    $block->set_value("error_code", [ $block->status + 0, 200, 200 ]);

    $block->set_value("response_headers",
                      [ "X-Sentry-Error: $detail\n"
                        . "Content-Type: application/json\n"
                        . "Connection: keep-alive",
                        "Connection: keep-alive\nX-Sentry-Error:",
                        "Content-Type: text/plain; version=0.0.4" ]);

    $block->set_value("response_body_like", [
        qr/^\{"detail":"\Q$detail\E","causes":\["$reason"\]\}$/,
        qr/^\{"id":"$id"\}$/,

        # that reason and no other, and the good event is the only one

        qr/(?=.*^errortracking_rejected_total\{zone="t",reason="$reason"\}\ 1$)
           (?!.*^errortracking_rejected_total\{zone="t",
                reason="(?!$reason")\w+"\}\ [1-9])
           (?=.*^errortracking_events_accepted_total\{zone="t"\}\ 1$)
           (?=.*^http_requests_total\{code="${\($block->status + 0)}"\}\ 1$)
           (?=.*^http_requests_total\{code="200"\}\ 1$)/msx ]);

    # one line in the log, of level info: the log is asked after each answer,
    # for what came since

    $block->set_value("then", <<"_EOC_");
        my \@lines = grep { /errortracking refused/ } log_lines();

        is(scalar \@lines, 1, "$name - one line in the log");
        like(\$lines[0], qr/ \\[info\\] .*: \\Q$detail\\E \\($reason\\)/,
             "$name - of level info, with the reason");
        # that a large body goes to a file is NGINX's own warning
        is(scalar(grep { /\\[(warn|error)\\]/ && !/to a temporary file/ }
                  log_lines()), 0, "$name - and nothing worse");

        ok(ET::until_true(sub { ET::sql("SELECT count() FROM "
              . "errortracking.events WHERE project_id = \$ET::PROJECT "
              . "AND event_id = toUUID('$id')") }),
           "$name - the good event is in ClickHouse");
_EOC_
}


sub log_lines {
    open my $log, "<", $Test::Nginx::Util::ErrLogFile or die "error log: $!";
    return <$log>;
}

__DATA__

=== TEST 1: a request without a key
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- header
X-Nothing: here
--- status: 401
--- reason: no_key
--- detail: missing authorization: no sentry_key in X-Sentry-Auth, Authorization, query, path or envelope dsn



=== TEST 2: an envelope without a key anywhere
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event())
--- header
X-Nothing: here
--- status: 401
--- reason: no_key
--- detail: missing authorization: no sentry_key in X-Sentry-Auth, Authorization, query, path or envelope dsn



=== TEST 3: an unknown key
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- header
X-Sentry-Auth: Sentry sentry_key=nobody
--- status: 403
--- reason: unknown_key
--- detail: unknown or disabled sentry_key



=== TEST 4: the key of another project
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event())
--- header eval
ET::store_auth($ET::KEY2)
--- status: 403
--- reason: wrong_project
--- detail: the sentry_key does not belong to this project



=== TEST 5: a project id that is no number
--- bad eval
"POST /api/five/envelope/\n" . ET::envelope("{}", ET::event())
--- status: 400
--- reason: bad_project
--- detail: the project id is not a decimal number of 64 bits



=== TEST 6: an empty body with a length
--- bad
POST /api/$PROJECT/store/
--- header eval
ET::store_auth() . "\nContent-Length: 0"
--- status: 400
--- reason: empty_body
--- detail: empty request body



=== TEST 7: no body at all
--- bad
POST /api/$PROJECT/envelope/
--- status: 400
--- reason: empty_body
--- detail: empty request body



=== TEST 8: a gzip body that inflates to nothing
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::gzipped("")
--- header eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- status: 400
--- reason: empty_body
--- detail: empty request body



=== TEST 9: a body that is said to be gzip and is not
--- bad eval
"POST /api/\$PROJECT/store/\n" . "nothing of the kind"
--- header eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- status: 400
--- reason: bad_compression
--- detail: the compressed body is damaged or cut short



=== TEST 10: gzip cut short
--- bad eval
"POST /api/\$PROJECT/store/\n" . substr(ET::gzipped(ET::event(size => 9000)), 0, 1000) . "x"
--- header eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- status: 400
--- reason: bad_compression
--- detail: the compressed body is damaged or cut short



=== TEST 11: gzip with a byte in the middle changed
--- bad eval
my $z = ET::gzipped(ET::event(size => 9000));
substr($z, 1000, 1) ^= "\x55";
"POST /api/\$PROJECT/store/\n$z"
--- header eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- status: 400
--- reason: bad_compression
--- detail: the compressed body is damaged or cut short



=== TEST 12: a decompression bomb of 100 MB in 100 KB
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::gzipped(" " x 100_000_000) . "\x01"
--- header eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- status: 413
--- reason: inflate_ratio
--- detail: decompressed body exceeds errortracking_max_inflate_ratio



=== TEST 13: a content encoding that nobody knows
--- bad eval
"POST /api/\$PROJECT/store/\n" . "not JSON"
--- header eval
ET::store_auth() . "\nContent-Encoding: rot13"
--- status: 415
--- reason: bad_encoding
--- detail: unsupported content encoding, use gzip or deflate or br or zstd



=== TEST 14: an envelope cut short inside an item's payload
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . substr(ET::envelope("{}", ET::event(size => 900)), 0, 500)
--- status: 400
--- reason: item_truncated
--- detail: the envelope ends before the item's length



=== TEST 15: an envelope with a good event before the one that is cut short is refused whole
--- bad eval
"POST /api/\$PROJECT/envelope/\n"
    . substr(ET::envelope("{}", ET::event(), ET::event(size => 900)), 0, 500)
--- status: 400
--- reason: item_truncated
--- detail: the envelope ends before the item's length



=== TEST 16: no newline after a payload
--- bad eval
"POST /api/\$PROJECT/envelope/\n{}\n{\"type\":\"event\",\"length\":2}\n{} {\"type\":\"session\"}\n{}"
--- status: 400
--- reason: item_no_newline
--- detail: no newline after the item's payload



=== TEST 17: an envelope's header that is no object
--- bad eval
"POST /api/\$PROJECT/envelope/\n[]\n{\"type\":\"event\"}\n{}"
--- status: 400
--- reason: bad_envelope
--- detail: invalid envelope header



=== TEST 18: an item's header without a type
--- bad eval
"POST /api/\$PROJECT/envelope/\n{}\n{\"length\":2}\n{}"
--- status: 400
--- reason: bad_item
--- detail: invalid item header



=== TEST 19: invalid JSON in a store event
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"a"
--- status: 400
--- reason: bad_json
--- detail: the event is not valid JSON



=== TEST 20: invalid JSON in an envelope's event
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", "{\"message\":}")
--- status: 400
--- reason: bad_json
--- detail: the event is not valid JSON



=== TEST 21: JSON that is no object
--- bad eval
"POST /api/\$PROJECT/store/\n[1, 2]"
--- status: 400
--- reason: bad_json
--- detail: the event is not valid JSON



=== TEST 22: JSON nested 10,000 deep
--- bad eval
"POST /api/\$PROJECT/store/\n{\"extra\":" . "[" x 10000 . "]" x 10000 . "}"
--- status: 400
--- reason: json_too_deep
--- detail: the event's JSON is nested too deep



=== TEST 23: objects nested 10,000 deep in an envelope's event
--- bad eval
"POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{}", "{\"a\":" x 10000 . "1" . "}" x 10000)
--- status: 400
--- reason: json_too_deep
--- detail: the event's JSON is nested too deep



=== TEST 24: invalid UTF-8
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"\xff\xfe\"}"
--- status: 400
--- reason: bad_utf8
--- detail: the event is not valid UTF-8



=== TEST 25: a character of UTF-8 cut short
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"\xe2\x82\"}"
--- status: 400
--- reason: bad_utf8
--- detail: the event is not valid UTF-8



=== TEST 26: a surrogate in UTF-8
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"\xed\xa0\x80\"}"
--- status: 400
--- reason: bad_utf8
--- detail: the event is not valid UTF-8



=== TEST 27: a NUL byte in a string
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"a\0b\"}"
--- status: 400
--- reason: bad_json
--- detail: the event is not valid JSON



=== TEST 28: a NUL byte between JSON's tokens
--- bad eval
"POST /api/\$PROJECT/store/\n{\"message\":\"a\"\0}"
--- status: 400
--- reason: bad_json
--- detail: the event is not valid JSON



=== TEST 29: a body of NUL bytes
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . "\0" x 1000
--- status: 400
--- reason: bad_envelope
--- detail: invalid envelope header



=== TEST 30: an event over the limit of 1 MiB
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event(size => 1048577)
--- status: 413
--- reason: event_too_large
--- detail: event exceeds errortracking_max_event_size



=== TEST 31: an event over the limit of the location, in an envelope
--- ingest
            errortracking_max_event_size 4k;
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event(size => 4097))
--- status: 413
--- reason: event_too_large
--- detail: event exceeds errortracking_max_event_size



=== TEST 32: a body over the limit
--- ingest
            errortracking_max_body_size 100k;
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event(size => 102401)
--- status: 413
--- reason: body_too_large
--- detail: request body exceeds errortracking_max_body_size



=== TEST 33: a chunked body over the limit, whose length nobody has said
--- ingest
            errortracking_max_body_size 100k;
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::chunked(ET::event(size => 150000), 10000)
--- header eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- status: 413
--- reason: body_too_large
--- detail: request body exceeds errortracking_max_body_size



=== TEST 34: more events in an envelope than there may be
--- bad eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", map { ET::event() } 1 .. 101)
--- status: 413
--- reason: too_many_events
--- detail: the envelope holds too many events



=== TEST 35: an event_id that is none, on store
--- bad eval
"POST /api/\$PROJECT/store/\n{\"event_id\":\"xyz\"}"
--- status: 400
--- reason: bad_event_id
--- detail: malformed event_id



=== TEST 36: another method, with a body
--- bad eval
"PUT /api/\$PROJECT/store/\n" . ET::event()
--- status: 405
--- reason: bad_method
--- detail: method not allowed, the header Allow has those that are



=== TEST 37: a path that is no endpoint, with a large body
--- bad eval
"POST /api/\$PROJECT/nothing/\n" . ET::event(size => 300_000)
--- status: 404
--- reason: not_found
--- detail: no such endpoint



=== TEST 38: an unknown key with a large body
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event(size => 300_000)
--- header
X-Sentry-Auth: Sentry sentry_key=nobody
--- status: 403
--- reason: unknown_key
--- detail: unknown or disabled sentry_key



=== TEST 39: a protocol version of the future
--- bad eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- header
X-Sentry-Auth: Sentry sentry_key=$KEY, sentry_version=8
--- status: 400
--- reason: bad_version
--- detail: unsupported sentry_version, 7 is the highest
