# A wrong configuration is an error when it is read: which file, which line,
# and what would be right.

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

=== TEST 1: everything at its limits is a configuration
--- zone: 30m segment=2m
--- flush: interval=10ms batch=64k rows=1 in_flight=16 table=errortracking.ingest
--- ingest
            errortracking_storm 1 1s;
            errortracking_max_body_size 1k;
            errortracking_max_inflated_size 1024m;
            errortracking_max_event_size 1k;
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()



=== TEST 2: the values of the other end, too
--- zone: 70m segment=1280k
--- flush: interval=1h batch=1024m rows=1000000 in_flight=1 table=default.t_1
--- ingest
            errortracking_storm 1000000000 1d;
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()



=== TEST 3: a zone's size that is none
--- zone: much
--- at: errortracking_zone t
--- wrong: invalid zone size "much", it has to be a size such as "64m"



=== TEST 4: a zone of a size that is no zone's
--- zone: 4k
--- at: errortracking_zone t
--- wrong: invalid zone size "4k", it has to be a size such as "64m"



=== TEST 5: a zone that is too small for its workers, with the size that would do
--- zone: 7m
--- at: errortracking_zone t
--- wrong: errortracking_zone "t" of 7340032 bytes is too small for 1 workers and segments of 1310720 bytes, it has to have [1-9]\d{3}k or more



=== TEST 6: a zone's segments that are too small for the events, with the size that would do
--- zone: 12m segment=1m
--- at: errortracking_zone t
--- wrong: errortracking_zone "t" has segments of 1048576 bytes, too small for events of 1048576 bytes, use "segment=[1-9]\d{3}k" or more



=== TEST 7: a location's event size that is too large for the zone's segments
--- ingest
            errortracking_max_event_size 5m;
--- at: errortracking_zone t
--- wrong: errortracking_zone "t" has segments of 1310720 bytes, too small for events of 5242880 bytes, use "segment=[1-9]\d{3}k" or more



=== TEST 8: a segment's size below the least
--- zone: 12m segment=4k
--- at: errortracking_zone t
--- wrong: invalid parameter "segment=4k", it has to be "segment=" and a size from 64k to 64m



=== TEST 9: a zone's parameter that nobody knows
--- zone: 12m segments=4
--- at: errortracking_zone t
--- wrong: invalid parameter "segments=4", it has to be "segment=" and a size from 64k to 64m



=== TEST 10: a zone without a size
--- zone:
--- at: errortracking_zone t
--- wrong: invalid number of arguments in "errortracking_zone" directive



=== TEST 11: a zone that is declared twice
--- http_config
    errortracking_zone t 13m;
--- at: errortracking_zone t 13m
--- wrong: (?:the size 13631488 of shared memory zone "t" conflicts with already declared size 12582912|duplicate zone "t")



=== TEST 12: a zone that is declared twice with the same size
--- http_config
    errortracking_zone t 12m ;
--- at: errortracking_zone t 12m ;
--- wrong: duplicate zone "t"



=== TEST 13: a zone without a name
--- http_config
    errortracking_zone "" 12m;
--- at: errortracking_zone ""
--- wrong: invalid zone name "", .*



=== TEST 14: a zone whose name another module has taken
--- http_config
    limit_req_zone $remote_addr zone=t:12m rate=1r/s;
--- at: limit_req_zone
--- wrong: (?:the shared memory zone "t" is already declared for a different use|limit_req_zone "t" is already bound to key.*)



=== TEST 15: a zone that nobody flushes
--- bare
--- http_config
    errortracking_zone lonely 12m;
--- config
--- at: errortracking_zone lonely
--- wrong: errortracking_zone "lonely" has no location with "errortracking_flush zone=lonely" and "proxy_pass" to ClickHouse



=== TEST 16: an ingest location of an unknown zone
--- config
    location / {
        errortracking_ingest zone=u;
        errortracking_keys $TEST_NGINX_KEYS;
    }
--- at: errortracking_ingest zone=u
--- wrong: zone "u" is unknown, declare it before with "errortracking_zone u 64m"



=== TEST 17: an ingest location without a zone's name
--- config
    location / {
        errortracking_ingest t;
        errortracking_keys $TEST_NGINX_KEYS;
    }
--- at: errortracking_ingest t
--- wrong: invalid parameter "t", it has to be "zone=name"



=== TEST 18: errortracking_ingest twice
--- ingest
            errortracking_ingest zone=t ;
--- at: errortracking_ingest zone=t ;
--- wrong: "errortracking_ingest" directive is duplicate



=== TEST 19: errortracking_ingest outside a location
--- config
    errortracking_ingest zone=t;
--- at: errortracking_ingest zone=t
--- wrong: "errortracking_ingest" directive is not allowed here



=== TEST 20: an ingest location without keys
--- config
    location /x/ {
        errortracking_ingest zone=t;
    }
--- at: }
--- wrong: "errortracking_ingest" in location "/x/" needs "errortracking_keys", "errortracking_key_secret" or "errortracking_gitlab"



=== TEST 21: a keys file that is not there
--- config
    location / {
        errortracking_ingest zone=t;
        errortracking_keys /nowhere/keys;
    }
--- at: errortracking_keys /nowhere/keys
--- wrong: open\(\) "/nowhere/keys" failed \(2: No such file or directory\)



=== TEST 22: a keys file that is a folder
--- config
    location / {
        errortracking_ingest zone=t;
        errortracking_keys /etc;
    }
--- at: errortracking_keys /etc
--- wrong: the keys file "/etc" is not a regular file



=== TEST 23: every bad line of a keys file is an error with its own line
--- bare
--- http_config
    errortracking_keys $TEST_NGINX_SERVROOT/html/bad.keys;
--- config
--- user_files
>>> bad.keys
# project key
1 good
one key
2
3 a/b
4 key more
1 good
18446744073709551616 key
5 also-good
--- must_die: 1
--- request
GET /
--- error_log eval
my $f = qr{\S+/html/bad\.keys};
[qr/\[emerg\] .*project "one" is not a decimal number of 64 bits, a line is "project key" in $f:3$/,
 qr/\[emerg\] .*no key after project "2", a line is "project key" in $f:4$/,
 qr/\[emerg\] .*key "a\/b" is not 1 to 255 letters, digits, "_" and "-" in $f:5$/,
 qr/\[emerg\] .*unexpected "more" after the key, a line is "project key" and may go on with "origins=", "limit=" and "burst=" in $f:6$/,
 qr/\[emerg\] .*key "good" has the same project on line 2 already in $f:7$/,
 qr/\[emerg\] .*project "18446744073709551616" is not a decimal number of 64 bits, .* in $f:8$/]
--- no_error_log
bad.keys:2
bad.keys:9



=== TEST 24: errortracking_keys twice
--- ingest
            errortracking_keys $TEST_NGINX_KEYS ;
--- at: keys ;
--- wrong: "errortracking_keys" directive is duplicate



=== TEST 25: a storm of words
--- ingest
            errortracking_storm many 60s;
--- at: errortracking_storm many
--- wrong: invalid "errortracking_storm", it has to be "off", or a number of bodies from 1 and an interval, such as "100 60s"



=== TEST 26: a storm without an interval
--- ingest
            errortracking_storm 10;
--- at: errortracking_storm 10
--- wrong: invalid "errortracking_storm", it has to be "off", or a number of bodies from 1 and an interval, such as "100 60s"



=== TEST 27: a storm that keeps nothing
--- ingest
            errortracking_storm 0 60s;
--- at: errortracking_storm 0
--- wrong: invalid "errortracking_storm", it has to be "off", or a number of bodies from 1 and an interval, such as "100 60s"



=== TEST 28: a storm whose interval is no time
--- ingest
            errortracking_storm 10 soon;
--- at: errortracking_storm 10 soon
--- wrong: invalid interval "soon", it has to be from 1s to 1d



=== TEST 29: a storm whose interval is too long
--- ingest
            errortracking_storm 10 2d;
--- at: errortracking_storm 10 2d
--- wrong: invalid interval "2d", it has to be from 1s to 1d



=== TEST 30: errortracking_storm twice
--- ingest
            errortracking_storm off;
            errortracking_storm 10 60s;
--- at: errortracking_storm 10 60s
--- wrong: "errortracking_storm" directive is duplicate



=== TEST 31: a body's limit that is no size
--- ingest
            errortracking_max_body_size large;
--- at: errortracking_max_body_size large
--- wrong: "errortracking_max_body_size" directive invalid value



=== TEST 32: an inflated body's limit that is no size
--- ingest
            errortracking_max_inflated_size -1;
--- at: errortracking_max_inflated_size -1
--- wrong: "errortracking_max_inflated_size" directive invalid value



=== TEST 33: an event's limit that is no size
--- ingest
            errortracking_max_event_size 1x;
--- at: errortracking_max_event_size 1x
--- wrong: "errortracking_max_event_size" directive invalid value



=== TEST 34: a limit that is there twice
--- ingest
            errortracking_max_event_size 1m;
            errortracking_max_event_size 512k;
--- at: errortracking_max_event_size 512k
--- wrong: "errortracking_max_event_size" directive is duplicate



=== TEST 35: a flush of an unknown zone
--- config
    location = /c { errortracking_flush zone=u; proxy_pass http://127.0.0.1:1/; }
--- at: errortracking_flush zone=u
--- wrong: zone "u" is unknown, declare it before with "errortracking_zone u 64m"



=== TEST 36: a flush without a zone
--- config
    location = /c { errortracking_flush rows=10; proxy_pass http://127.0.0.1:1/; }
--- at: errortracking_flush rows=10
--- wrong: "errortracking_flush" must have a parameter "zone=name"



=== TEST 37: two flushes of a zone
--- config
    location = /c { errortracking_flush zone=t; proxy_pass http://127.0.0.1:1/; }
--- at: location = /c
--- wrong: errortracking_zone "t" has an "errortracking_flush" already, in location "/clickhouse"



=== TEST 38: a flush in a location that is no path
--- http_config
    errortracking_zone u 12m;
--- config
    location ~ c { errortracking_flush zone=u; proxy_pass http://127.0.0.1:1; }
--- at: location ~ c
--- wrong: "errortracking_flush" must be in a location that is a path, such as "= /clickhouse"



=== TEST 39: a flush without proxy_pass
--- http_config
    errortracking_zone u 12m;
--- config
    location = /c {
        errortracking_flush zone=u;
    }
--- at: }
--- wrong: "errortracking_flush" in location "/c" needs "proxy_pass" to ClickHouse



=== TEST 40: a flush's parameter that nobody knows
--- flush: every=1s
--- at: errortracking_flush zone=t every=1s
--- wrong: invalid parameter "every=1s", it is one of zone=, interval=, batch=, rows=, in_flight=, table=



=== TEST 41: a flush's interval that is too short
--- flush: interval=1ms
--- at: errortracking_flush zone=t
--- wrong: invalid value in "interval=1ms", it has to be a time from 10ms to 1h



=== TEST 42: a flush's batch that is too small
--- flush: batch=1k
--- at: errortracking_flush zone=t
--- wrong: invalid value in "batch=1k", it has to be a size from 64k to 1024m



=== TEST 43: a flush's batch in a unit that sizes do not have
--- flush: batch=1g
--- at: errortracking_flush zone=t
--- wrong: invalid value in "batch=1g", it has to be a size from 64k to 1024m



=== TEST 44: a flush of no rows
--- flush: rows=0
--- at: errortracking_flush zone=t
--- wrong: invalid value in "rows=0", it has to be a number from 1 to 1000000



=== TEST 45: a flush with nothing in flight
--- flush: in_flight=0
--- at: errortracking_flush zone=t
--- wrong: invalid value in "in_flight=0", it has to be a number from 1 to 16



=== TEST 46: a flush with more in flight than there may be
--- flush: in_flight=17
--- at: errortracking_flush zone=t
--- wrong: invalid value in "in_flight=17", it has to be a number from 1 to 16



=== TEST 47: a table whose name would be SQL
--- flush: "table=t;DROP"
--- at: errortracking_flush zone=t
--- wrong: invalid value in "table=t;DROP", it has to be a name, of letters, digits, "_" and "\."



=== TEST 48: a table whose name is too long
--- flush eval
"table=" . "t" x 129
--- at: errortracking_flush zone=t
--- wrong: invalid value in "table=t+", it has to be a name, of letters, digits, "_" and "\."



=== TEST 49: a status page of another kind
--- config
    location = /s { errortracking_status json; }
--- at: errortracking_status json
--- wrong: invalid parameter "json", "errortracking_status" takes "prometheus" or nothing



=== TEST 50: an event size that no segment can have
--- ingest
            errortracking_max_event_size 80m;
--- wrong: "errortracking_max_event_size" of 83886080 bytes is too large, no segment of errortracking_zone "t" can hold more than 66977792
--- at: errortracking_zone t



=== TEST 51: a flush in a location that is a pattern, be it one of a path
--- http_config
    errortracking_zone u 12m;
--- config
    location ~ /c { errortracking_flush zone=u; proxy_pass http://127.0.0.1:1; }
--- at: location ~ /c
--- wrong: "errortracking_flush" must be in a location that is a path, such as "= /clickhouse"



=== TEST 52: a zone with a spool whose name is no folder's
--- http_config
    errortracking_spool spool 1g;
    errortracking_zone ../u 12m;
--- config
    location = /c { errortracking_flush zone=../u; proxy_pass http://127.0.0.1:1; }
--- at: errortracking_zone ../u
--- wrong: errortracking_zone "../u" has a folder of its name in "errortracking_spool", so it can't begin with "\." or have a "/"



=== TEST 53: an address to post to at exit that is none, in words without it
--- http_config
    errortracking_exit_url user:secret@127.0.0.1:8123;
--- at: errortracking_exit_url
--- wrong: invalid "errortracking_exit_url", it has to be an address such as "http://user:password@127\.0\.0\.1:8123/", of at most 1000 bytes



=== TEST 54: an acknowledgement after the disk, and no place for the journal
--- http_config
    errortracking_ack disk;
--- at: errortracking_zone t
--- wrong: "errortracking_ack disk" needs "errortracking_spool" for the journal of errortracking_zone "t"



=== TEST 55: an acknowledgement of another kind
--- http_config
    errortracking_ack paper;
--- at: errortracking_ack
--- wrong: invalid value "paper"
