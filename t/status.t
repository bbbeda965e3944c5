# The pages of errortracking_status: what they hold, and that Prometheus can
# read them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use HTTP::Tiny;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();


my $http = HTTP::Tiny->new(timeout => 10);

sub metrics {
    return $http->get("http://127.0.0.1:$ET::PORT/metrics")->{content};
}

sub post {
    my ($path, $body, $key) = @_;

    return $http->post("http://127.0.0.1:$ET::PORT/api/$PROJECT/$path/",
        { content => $body,
          headers => { "X-Sentry-Auth" =>
              "Sentry sentry_key=" . ($key || $KEY) } })->{status};
}

# The page as {name{labels} => value}; each way in which it is not the text
# format 0.0.4 is a test that fails.
sub parse {
    my ($page) = @_;
    my (%type, %help, %value, @bad, $family);

    $page =~ /\n\z/ or push @bad, "no newline at the end";

    for (split /\n/, $page) {
        if (/^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)$/) {
            push @bad, "second HELP of $1" if $help{$1}++;
            $family = $1;

        } elsif (/^# TYPE (\S+) (counter|gauge|histogram)$/) {
            push @bad, "second TYPE of $1" if $type{$1};
            push @bad, "TYPE of $1 without its HELP" if $1 ne ($family // "");
            $type{$1} = $2;

        } elsif (/^([a-zA-Z_:][a-zA-Z0-9_:]*)
                  (\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*",?)+\})?
                  [ ](\d+(?:\.\d+)?)$/x)
        {
            my ($name, $labels, $value) = ($1, $2 // "", $3);
            my $of = $name;

            $of =~ s/_(bucket|sum|count)\z//
                if ($type{$of =~ s/_(bucket|sum|count)\z//r} // "")
                   eq "histogram";

            push @bad, "$name has no TYPE" unless $type{$of};
            push @bad, "$name is not with its family" if $of ne $family;
            push @bad, "$name is a counter and has no _total"
                if ($type{$of} // "") eq "counter" && $name !~ /_total\z/;
            push @bad, "$name$labels is there twice"
                if exists $value{"$name$labels"};
            $value{"$name$labels"} = $value;

        } else {
            push @bad, "no line of the format: $_";
        }
    }

    is(join("\n", @bad), "", "the page is of the text format 0.0.4");

    return \%value, \%type;
}

run_tests();

__DATA__

=== TEST 1: the page for Prometheus is of its text format, with every metric there is to be
--- request
GET /metrics
--- response_headers
Content-Type: text/plain; version=0.0.4
--- response_body_like: ^# HELP errortracking_requests_total .*
--- then
main::post("store", event());
main::post("store", "{");
main::post("envelope", envelope("{}", event(), ["profile", "{}"],
                              ["user_report", '{"comments":"c"}']));
main::post("envelope", envelope("{}", event()), "nobody");
ET::until_true { main::metrics() =~ /^errortracking_rows_sent_total\S+ [1-9]/m };
my ($value, $type) = main::parse(main::metrics());
my $zone = 'zone="t"';
for ([counter => 'errortracking_requests_total', "{$zone,endpoint=\"store\",code=\"200\"}", 1],
     [counter => 'errortracking_requests_total', "{$zone,endpoint=\"store\",code=\"400\"}", 1],
     [counter => 'errortracking_requests_total', "{$zone,endpoint=\"envelope\",code=\"200\"}", 1],
     [counter => 'errortracking_requests_total', "{$zone,endpoint=\"envelope\",code=\"403\"}", 1],
     [counter => 'http_requests_total', '{code="200"}', 2],
     [counter => 'http_requests_total', '{code="400"}', 1],
     [counter => 'http_requests_total', '{code="403"}', 1],
     [counter => 'http_requests_total', '{code="503"}', 0],
     [counter => 'errortracking_events_accepted_total', "{$zone}", 2],
     [counter => 'errortracking_events_folded_total', "{$zone}", 0],
     [counter => 'errortracking_rejected_total', "{$zone,reason=\"bad_json\"}", 1],
     [counter => 'errortracking_rejected_total', "{$zone,reason=\"unknown_key\"}", 1],
     [counter => 'errortracking_rejected_total', "{$zone,reason=\"zone_full\"}", 0],
     [counter => 'errortracking_items_skipped_total', "{$zone,type=\"profile\"}", 1],
     [counter => 'errortracking_items_accepted_total', "{$zone,type=\"user_report\"}", 1],
     [counter => 'errortracking_items_skipped_total', "{$zone,type=\"transaction\"}", 0],
     [counter => 'errortracking_items_skipped_total', "{$zone,type=\"unknown\"}", 0],
     [counter => 'errortracking_batch_retries_total', "{$zone}", 0],
     [counter => 'errortracking_batch_failures_total', "{$zone,cause=\"timeout\"}", 0],
     [counter => 'errortracking_batch_failures_total', "{$zone,cause=\"exception\"}", 0],
     [counter => 'errortracking_segments_taken_over_total', "{$zone}", 0],
     [gauge => 'errortracking_segments', "{$zone,state=\"sealed\"}", undef],
     [gauge => 'errortracking_segments', "{$zone,state=\"filling\"}", undef],
     [gauge => 'errortracking_segments', "{$zone,state=\"sending\"}", undef],
     [gauge => 'errortracking_segments', "{$zone,state=\"free\"}", undef],
     [gauge => 'errortracking_zone_rows', "{$zone}", undef],
     [gauge => 'errortracking_zone_used_bytes', "{$zone}", undef],
     [gauge => 'errortracking_zone_size_bytes', "{$zone}", undef],
     [gauge => 'errortracking_oldest_row_seconds', "{$zone}", undef],
     [counter => 'errortracking_received_bytes_total', "{$zone}", undef],
     [counter => 'errortracking_rows_sent_total', "{$zone}", undef],
     [counter => 'errortracking_sent_bytes_total', "{$zone}", undef],
     [counter => 'errortracking_batches_sent_total', "{$zone}", undef],
     [histogram => 'errortracking_flush_duration_seconds', "_count{$zone}", undef])
{
    my ($kind, $name, $labels, $expected) = @$_;
    my $got = $value->{"$name$labels"};
    is($type->{$name}, $kind, "$name is a $kind");
    if (defined $expected) {
        is($got, $expected, "$name$labels is $expected");
    } else {
        like($got, qr/^\d/, "$name$labels is there");
    }
}



=== TEST 2: counters only grow, by what has happened
--- request
GET /metrics
--- then
my %sum;
for my $round (1 .. 3) {
    main::post("store", event());
    main::post("store", "{");
    my ($value, $type) = main::parse(main::metrics());
    my @less = grep {
        my ($name) = /^(\w+?)(?:_bucket|_sum|_count)?\{/;
        ($type->{$name} // $type->{(/^(\w+)/)[0]} // "") ne "gauge"
        && $value->{$_} < ($sum{$_} // 0)
    } keys %$value;
    is("@less", "", "nothing is less than before");
    is($value->{'errortracking_events_accepted_total{zone="t"}'}, $round,
       "accepted: $round");
    is($value->{'errortracking_rejected_total{zone="t",reason="bad_json"}'},
       $round, "rejected: $round");
    cmp_ok($value->{'errortracking_received_bytes_total{zone="t"}'}, ">",
           $sum{'errortracking_received_bytes_total{zone="t"}'} // 0,
           "bytes have come");
    %sum = %$value;
}



=== TEST 3: bytes are counted as they come and as they are once decompressed
--- request
GET /metrics
--- then
my $event = event(size => 50_000);
my $body = gzipped($event);
HTTP::Tiny->new->post("http://127.0.0.1:$ET::PORT/api/$PROJECT/store/",
    { content => $body, headers => { "X-Sentry-Auth" => "Sentry sentry_key=$KEY",
                                     "Content-Encoding" => "gzip" } });
my ($value) = main::parse(main::metrics());
is($value->{'errortracking_received_bytes_total{zone="t"}'}, length $body,
   "bytes as they came");
is($value->{'errortracking_inflated_bytes_total{zone="t"}'}, 50_000,
   "bytes decompressed");



=== TEST 4: the histogram is cumulative and its last bucket is its count
--- request
GET /metrics
--- then
for (1 .. 3) {
    my ($sent) = main::metrics() =~ /^errortracking_batches_sent_total\S+ (\d+)/m;
    main::post("store", event());
    ok(ET::until_true(sub { main::metrics()
          =~ /^errortracking_batches_sent_total\S+ (\d+)/m && $1 > $sent }),
       "a batch is sent");
}
my ($value) = main::parse(main::metrics());
my $name = "errortracking_flush_duration_seconds";
my @le = map { /le="([^"]+)"/ ? $1 : () }
         grep { /^\Q$name\E_bucket/ } split /\n/, main::metrics();
is($le[-1], "+Inf", "the last bucket is infinite");
is_deeply([@le[0 .. $#le - 1]], [sort { $a <=> $b } @le[0 .. $#le - 1]],
          "the bounds grow");
my @counts = map { $value->{"${name}_bucket{zone=\"t\",le=\"$_\"}"} } @le;
is_deeply(\@counts, [sort { $a <=> $b } @counts], "the buckets are cumulative");
is($counts[-1], $value->{"${name}_count{zone=\"t\"}"},
   "the infinite bucket is the count");
is($counts[-1], $value->{'errortracking_batches_sent_total{zone="t"}'},
   "the count is that of the batches sent");
cmp_ok($value->{"${name}_sum{zone=\"t\"}"}, ">", 0, "time has passed");



=== TEST 5: a zone's name is escaped in a label
--- bare
--- http_config
    errortracking_zone 'a"b\\c' 12m;
    server {
        listen 127.0.0.1:$TEST_NGINX_FLUSH_PORT;
        location = /clickhouse {
            internal;
            errortracking_flush 'zone=a"b\\c';
            proxy_pass $TEST_NGINX_CLICKHOUSE/;
        }
    }
--- config
    location = /metrics { errortracking_status prometheus; }
    location = /status { errortracking_status; }
--- request
GET /metrics
--- response_body_like: zone="a\\"b\\\\c"
--- then
main::parse(main::metrics());



=== TEST 6: each of several zones has its own figures
--- http_config
    errortracking_zone second 12m;
    server {
        listen 127.0.0.1:$TEST_NGINX_FLUSH_PORT;
        server_name second;
        location = /clickhouse2 {
            internal;
            errortracking_flush zone=second interval=50ms;
            proxy_pass $TEST_NGINX_CLICKHOUSE/;
        }
    }
--- config
    location /a/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
    }
    location /b/ {
        errortracking_ingest zone=second;
        errortracking_keys $TEST_NGINX_KEYS;
    }
--- request eval
["POST /a/api/\$PROJECT/store/\n" . ET::event(),
 "POST /b/api/\$PROJECT/store/\n" . ET::event(),
 "POST /b/api/\$PROJECT/store/\n" . ET::event()]
--- error_code eval
[200, 200, 200]
--- then
my ($value) = main::parse(main::metrics());
is($value->{'errortracking_events_accepted_total{zone="t"}'}, 1, "one");
is($value->{'errortracking_events_accepted_total{zone="second"}'}, 2, "two");
is($value->{'http_requests_total{code="200"}'}, 3, "three of both");



=== TEST 7: the text page says what the zone holds and what went through it
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n{",
 "GET /status"]
--- error_code eval
[200, 400, 200]
--- response_headers eval
["", "", "Content-Type: text/plain"]
--- response_body_like eval
[qr/id/, qr/bad_json/,
 qr/^Zone\ t:\ segments\ \d+\ of\ \d+\ bytes,\ free\ \d+,\ filling\ \d+,
     \ sealed\ \d+,\ sending\ \d+\n
    Events:\ accepted\ 1,\ folded\ 0\n
    Other\ items:\ accepted\ 0,\ skipped\ 0\n
    Requests\ refused:\ 1\n
    \ \ bad_json:\ 1\n
    Unsent:\ rows\ \d+,\ bytes\ \d+,\ oldest\ \d+\.\d{3}\ s\n
    Sent:\ rows\ \d+,\ bytes\ \d+,\ batches\ \d+,\ retried\ 0,\ failed\ 0\n
    ClickHouse:\ taking\ batches,\ failures\ in\ a\ row\ 0,\ schema\ \d+\n\z/x]



=== TEST 8: HEAD has the headers and no body
--- request eval
["HEAD /metrics", "HEAD /status"]
--- response_headers_like eval
["Content-Type: text/plain; version=0.0.4\nContent-Length: \\d{4,}",
 "Content-Type: text/plain\nContent-Length: \\d{3,}"]
--- response_body eval
["", ""]
--- error_code eval
[200, 200]



=== TEST 9: POST is refused
--- request eval
["POST /metrics\nbody", "POST /status\nbody", "DELETE /metrics"]
--- error_code eval
[405, 405, 405]



=== TEST 10: a row that waits is seen in the gauges, and grows old
--- flush: interval=1h
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- then
my ($value) = main::parse(main::metrics());
is($value->{'errortracking_zone_rows{zone="t"}'}, 1, "one row");
cmp_ok($value->{'errortracking_zone_used_bytes{zone="t"}'}, ">", 100, "bytes");
is($value->{'errortracking_segments{zone="t",state="filling"}'}, 1,
   "in one segment");
ok(ET::until_true(sub { my ($v) = main::metrics()
      =~ /^errortracking_oldest_row_seconds\S+ ([\d.]+)/m; $v >= 0.2 }),
   "it grows old");



=== TEST 11: a request that is no ingest's is not counted
--- request eval
["GET /status", "GET /metrics"]
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/Zone/, qr/^http_requests_total\{code="200"\} 0$/m]
