# Events that nobody wants are answered as if they were kept, are not kept,
# and are counted by filter: in the metrics, and as outcomes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

# the last one is the first to see a block
add_block_preprocessor(\&filtered);

run_tests();


#     --- event     an event that is caught,
#     --- passes    and one that is not; both without their ends
#     --- reason    of the outcome
#     --- name      of the filter
sub filtered {
    my ($block) = @_;

    return unless defined $block->reason;

    my ($event, $passes, $reason, $filter) =
        map { my $text = $_; $text =~ s/\s+\z//; $text }
        $block->event, $block->passes, $block->reason, $block->filter;
    my ($id, $kept) = (ET::new_id(), ET::new_id());
    my $name = $block->name;

    s/^\{/{"event_id":"$id",/ for $event;
    s/^\{/{"event_id":"$kept",/ for $passes;

    $block->set_value("pipelined_requests",
                      [ "POST /api/\$PROJECT/store/\n$event",
                        "POST /api/\$PROJECT/store/\n$passes",
                        "GET /metrics" ]);
    $block->set_value("more_headers", [ store_auth(), store_auth(), "" ]);
    $block->set_value("error_code", [ 200, 200, 200 ]);
    $block->set_value("response_body_like", [
        qr/^\{"id":"$id"\}$/, qr/^\{"id":"$kept"\}$/,
        qr/(?=.*^errortracking_events_filtered_total\{zone="t",
               filter="$filter"\}\ 1$)
           (?=.*^errortracking_events_accepted_total\{zone="t"\}\ 1$)/msx ]);
    $block->set_value("then", <<"_EOC_");
        ok(ET::until_true(sub { ET::sql("SELECT sum(n) FROM "
              . "errortracking.outcomes WHERE project_id = \$ET::PROJECT "
              . "AND outcome = 'filtered' AND reason = '$reason' "
              . "AND category = 'error'") > 0 }), "$name - an outcome");
        ok(ET::until_true(sub { ET::sql("SELECT count() FROM "
              . "errortracking.events WHERE project_id = \$ET::PROJECT "
              . "AND event_id = toUUID('$kept')") }), "$name - one is kept");
        is(ET::sql("SELECT count() FROM errortracking.events WHERE "
              . "project_id = \$ET::PROJECT AND event_id = toUUID('$id')"), 0,
           "$name - the other is not");
_EOC_
}

__DATA__

=== TEST 1: browser extensions
--- ingest: errortracking_filter browser_extensions;
--- event: {"exception":[{"value":"Extension context invalidated."}]}
--- passes: {"exception":[{"value":"invalidated"}]}
--- filter: browser_extensions
--- reason: browser-extensions



=== TEST 2: crawlers, among several filters
--- ingest: errortracking_filter localhost crawlers;
--- event: {"request":{"headers":{"User-Agent":"Googlebot/2.1"}}}
--- passes: {"request":{"headers":{"User-Agent":"Firefox/128.0"}}}
--- filter: crawlers
--- reason: web-crawlers



=== TEST 3: localhost, of the server
--- http_config
    errortracking_filter crawlers;
    errortracking_filter localhost;
--- event: {"request":{"url":"http://localhost:3000/"}}
--- passes: {"request":{"url":"http://localhost.example/"}}
--- filter: localhost
--- reason: localhost



=== TEST 4: legacy browsers
--- ingest: errortracking_filter legacy_browsers;
--- event: {"request":{"headers":{"User-Agent":"Mozilla/4.0 (compatible; MSIE 8.0)"}}}
--- passes: {"request":{"headers":{"User-Agent":"Mozilla/5.0 Firefox/128.0"}}}
--- filter: legacy_browsers
--- reason: legacy-browsers



=== TEST 5: messages by glob
--- ingest: errortracking_filter_message nothing "*loading chunk *";
--- event: {"exception":[{"type":"ChunkLoadError","value":"Loading chunk 7 failed"}]}
--- passes: {"message":"Loading chunks failed"}
--- filter: message
--- reason: error-message



=== TEST 6: releases by glob
--- ingest: errortracking_filter_release app@0.* *-dev;
--- event: {"release":"app@1.2-dev"}
--- passes: {"release":"app@1.2"}
--- filter: release
--- reason: release-version



=== TEST 7: addresses of the senders, as NGINX knows them
--- ingest
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    errortracking_filter_ip 192.0.2.0/24 2001:db8::/32;
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(), "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(), "GET /metrics"]
--- more_headers eval
[ET::store_auth() . "\nX-Real-IP: 192.0.2.7", ET::store_auth() . "\nX-Real-IP: 2001:db8::1",
 ET::store_auth() . "\nX-Real-IP: 192.0.3.7", ""]
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
[qr/"id"/, qr/"id"/, qr/"id"/,
 qr/(?=.*^errortracking_events_filtered_total\{zone="t",filter="ip"\}\ 2$)
    (?=.*^errortracking_events_accepted_total\{zone="t"\}\ 1$)/msx]



=== TEST 8: nothing is filtered by default, and where it is off
--- http_config
    errortracking_filter localhost crawlers;
--- ingest: errortracking_filter off;
--- request eval
"POST /api/\$PROJECT/store/\n" . '{"request":{"url":"http://localhost:3000/"},"message":"m"}'
--- stored: {"request":{"url":"http://localhost:3000/"},"message":"m"}



=== TEST 9: a filter that is none
--- ingest: errortracking_filter crawlers robots;
--- at: errortracking_filter
--- wrong: invalid filter "robots", it has to be "browser_extensions", "crawlers", "localhost" or "legacy_browsers", or "off" alone



=== TEST 10: a pattern that is nothing
--- ingest: errortracking_filter_message "";
--- at: errortracking_filter_message
--- wrong: invalid pattern "", it has to be a text such as "\*Loading chunk\*"



=== TEST 11: an address that is none
--- ingest: errortracking_filter_ip 10.0.0.0/40;
--- at: errortracking_filter_ip
--- wrong: invalid address "10\.0\.0\.0/40", it has to be one such as "192\.0\.2\.1", or a network such as "10\.0\.0\.0/8"
