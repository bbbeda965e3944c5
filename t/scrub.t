# What is secret or personal does not get into ClickHouse, the log or the
# answers: in no column, in no item; what the directives add and except.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

run_tests();


# How many rows of the project hold the text, in any column of any table.
sub rows_with {
    my ($text) = @_;

    my $n = 0;

    for my $table (split /\n/, ET::sql("SELECT name FROM system.tables WHERE "
            . "database = 'errortracking' AND engine LIKE '%MergeTree'"))
    {
        next if ET::sql("SELECT count() FROM system.columns WHERE database = "
                        . "'errortracking' AND table = '$table' AND "
                        . "name = 'project_id'") == 0;

        $n += ET::sql("SELECT count() FROM errortracking.$table WHERE "
                      . "project_id = $ET::PROJECT AND position(formatRow("
                      . "'TSV', *), '$text') > 0");
    }

    return $n;
}


sub log_text {
    open my $log, "<", $Test::Nginx::Util::ErrLogFile or die "error log: $!";
    local $/;
    return <$log>;
}

__DATA__

=== TEST 1: by default names, numbers, addresses' passwords and cookies are scrubbed
--- request eval
"POST /api/\$PROJECT/store/\n"
. '{"extra":{"password":"hunter2","n":1},"tags":{"card":"4111 1111 1111 1111"},'
. '"request":{"url":"https://u:hunter2@h/?token=hunter2&a=b",'
. '"cookies":"a=1; sessionid=hunter2",'
. '"headers":{"Authorization":"Bearer hunter2"}},'
. '"message":"a@example.com said DE89370400440532013000"}'
--- stored eval
'{"extra":{"password":"[Filtered]","n":1},"tags":{"card":"[Filtered]"},'
. '"request":{"url":"https://u:[Filtered]@h/?token=[Filtered]&a=b",'
. '"cookies":"a=1; sessionid=[Filtered]",'
. '"headers":{"Authorization":"[Filtered]"}},'
. '"message":"[Filtered] said [Filtered]"}'
--- then
Test::More::is(ET::sql("SELECT message, tags['card'] FROM errortracking.events "
                       . "WHERE project_id = $ET::PROJECT AND "
                       . "tags['card'] != ''"),
               "[Filtered] said [Filtered]\t[Filtered]", "columns, too");



=== TEST 2: an event with nothing to scrub is kept as it came
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event(id => "0" x 31 . "1")
--- stored eval
ET::event(id => "0" x 31 . "1")



=== TEST 3: a secret is in no row of any table, and in no line of the log
--- request eval
"POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}",
    '{"extra":{"\u0070assword":"cAnArY"},"transaction":"/?token=cAnArY",'
    . '"fingerprint":["https://a:cAnArY@b"],'
    . '"logentry":{"message":"%s","params":["secret=cAnArY"]},'
    . '"exception":[{"type":"E","value":"Bearer cAnArY"}]}',
    [user_report => '{"event_id":"' . "1" x 32 . '","comments":'
                    . '"my password: cAnArY"}'],
    [feedback => '{"contexts":{"feedback":{"message":"token=cAnArY"}}}'],
    [log => '{"items":[{"timestamp":1700000000,"level":"info","body":'
            . '"Bearer cAnArY","attributes":{"api_key":{"value":"cAnArY",'
            . '"type":"string"}}}]}'])
--- then
Test::More::ok(ET::until_true(sub {
    ET::sql("SELECT count() FROM errortracking.events WHERE project_id = "
            . $ET::PROJECT) > 0
    && ET::sql("SELECT count() FROM errortracking.logs WHERE project_id = "
               . $ET::PROJECT) > 0
    && ET::sql("SELECT count() FROM errortracking.feedback WHERE project_id = "
               . $ET::PROJECT) > 1 }), "all of it is in ClickHouse");
Test::More::is(main::rows_with("cAnArY"), 0, "without it");
Test::More::cmp_ok(main::rows_with("[Filtered]"), ">", 3,
                   "something else in its place");
Test::More::unlike(main::log_text(), qr/cAnArY/, "nor is it in the log");



=== TEST 4: nothing is scrubbed where it is off
--- ingest: errortracking_scrub off;
--- request eval
"POST /api/\$PROJECT/store/\n" . '{"extra":{"password":"hunter2"},"message":"a"}'
--- stored: {"extra":{"password":"hunter2"},"message":"a"}



=== TEST 5: further fields, and exceptions by name and path
--- http_config
    errortracking_scrub_fields nothing-that-is-there;
--- ingest
    errortracking_scrub_fields Tax-Number birth;
    errortracking_scrub_fields iban;
    errortracking_scrub_exclude csrf_token extra.ok;
--- request eval
"POST /api/\$PROJECT/store/\n"
. '{"extra":{"tax_number":"1","dateOfBirth":2,"myIban":"x","csrf_token":"y",'
. '"ok":{"password":"z"},"nothing_that_is_there":"a","token":"b"},'
. '"message":"a"}'
--- stored eval
'{"extra":{"tax_number":"[Filtered]","dateOfBirth":"[Filtered]",'
. '"myIban":"[Filtered]","csrf_token":"y","ok":{"password":"z"},'
. '"nothing_that_is_there":"a","token":"[Filtered]"},"message":"a"}'



=== TEST 6: addresses are kept by default, the client's where a browser has none
--- request eval
"POST /api/\$PROJECT/store/\n"
. '{"platform":"javascript","message":"from 10.1.2.3"}'
--- stored: {"platform":"javascript","message":"from 10.1.2.3"}
--- then
Test::More::is(ET::sql("SELECT user_ip FROM errortracking.events WHERE "
                       . "project_id = $ET::PROJECT AND platform = "
                       . "'javascript' AND message = 'from 10.1.2.3'"),
               "127.0.0.1", "the client's");



=== TEST 7: errortracking_scrub_ip drops addresses, the client's included
--- ingest: errortracking_scrub_ip on;
--- request eval
"POST /api/\$PROJECT/store/\n"
. '{"platform":"javascript","user":{"id":"7","ip_address":"10.1.2.3"},'
. '"request":{"headers":[["X-Forwarded-For","10.1.2.3, 2001:db8::17"]],'
. '"env":{"REMOTE_ADDR":"10.1.2.3"}},"message":"from 10.1.2.3"}'
--- stored eval
'{"platform":"javascript","user":{"id":"7","ip_address":null},'
. '"request":{"headers":[["X-Forwarded-For","[ip], [ip]"]],'
. '"env":{"REMOTE_ADDR":null}},"message":"from [ip]"}'
--- then
Test::More::is(ET::sql("SELECT user_ip, user_id FROM errortracking.events "
                       . "WHERE project_id = $ET::PROJECT AND "
                       . "message = 'from [ip]'"), "\t7", "the column");



=== TEST 8: a field of one letter, which would be in most names
--- ingest: errortracking_scrub_fields a;
--- at: errortracking_scrub_fields a
--- wrong: invalid field "a", it has to be a part of a name, of two characters or more, such as "tax_number"



=== TEST 9: an exception that is nothing
--- ingest: errortracking_scrub_exclude "";
--- at: errortracking_scrub_exclude
--- wrong: invalid exception "", it has to be a name such as "csrf_token" or a path such as "extra\.debug"



=== TEST 10: a body that grows beyond the limit for what is put in its place
--- ingest: errortracking_max_event_size 2k;
--- request eval
"POST /api/\$PROJECT/store/\n" . '{"extra":[' . join(",", ('{"otp":1}') x 120)
. ']}'
--- error_code: 413
--- response_body_like: event_too_large
