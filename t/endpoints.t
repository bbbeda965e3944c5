# The endpoints that are neither an envelope nor an event: what each takes,
# what it answers, and what ClickHouse has of it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();

# What ClickHouse has of this project, as soon as it has anything.
sub stored {
    my ($what, $table, $where) = @_;

    return ET::until_true(sub {
        ET::sql("SELECT $what FROM errortracking.$table "
                . "WHERE project_id = $PROJECT AND $where "
                . "FORMAT TSVRaw") });
}

our $CSP = '{"csp-report":{"document-uri":"https://shop.example/cart",'
           . '"referrer":"","violated-directive":"script-src-elem \'self\'",'
           . '"effective-directive":"script-src-elem",'
           . '"original-policy":"default-src \'self\'",'
           . '"blocked-uri":"https://evil.example/x.js"}}';

our $CT = '{"expect-ct-report":{"date-time":"2026-01-01T00:00:00Z",'
          . '"hostname":"ct.example","port":443,"scts":[]}}';

our $NEL = '[{"age":1,"type":"network-error","url":"https://shop.example/",'
           . '"user_agent":"x","body":{"elapsed_time":10,"method":"GET",'
           . '"phase":"connection","protocol":"","referrer":"",'
           . '"sampling_fraction":1,"server_ip":"192.0.2.1",'
           . '"status_code":0,"type":"tcp.refused"}}]';

# the shortest minidump: a header without streams
our $DUMP = "MDMP" . pack("v v V V V V Q<", 0xa793, 0, 0, 32, 0, 0, 0);

sub multipart {
    my (@parts) = @_;

    return join("", map { "--BOUNDARY\r\nContent-Disposition: form-data; "
                          . "$_->[0]\r\n\r\n$_->[1]\r\n" } @parts)
           . "--BOUNDARY--\r\n";
}

sub text32 {
    return pack("V/a*", $_[0]);
}

# of the Unreal Engine's crash reporter, its newer form
sub unreal {
    my (%files) = @_;
    my $n = 0;

    return ET::zlibbed("CR1" . text32("dir") . text32("crash")
        . pack("V V", 0, scalar keys %files)
        . join "", map { pack("V", $n++) . text32($_) . text32($files{$_}) }
                   sort keys %files);
}

run_tests();

__DATA__

=== TEST 1: a CSP report is an event of its directive and host, answered with nothing
--- request eval
["POST /api/\$PROJECT/security/?sentry_key=\$KEY&sentry_environment=shop%20a\n"
   . $::CSP =~ s/evil/first/r,
 "POST /api/\$PROJECT/csp-report/?sentry_key=\$KEY\n"
   . $::CSP =~ s/evil/first/r]
--- more_headers
Content-Type: application/csp-report
--- response_body eval
["", ""]
--- response_headers eval
[("Content-Length: 0\nContent-Type:\nAccess-Control-Allow-Origin: *") x 2]
--- then
is(main::stored("count() = 2 ? concat(any(message), '|', max(environment), '|',
     toString(uniq(fingerprint))) : ''", "events",
     "logger = 'csp' AND tags['blocked-uri'] = 'first.example'"),
   "Blocked 'script' from 'first.example'|shop a|1", "two events, one error");



=== TEST 2: the media types of reports are taken, with parameters and without one
--- request eval
[("POST /api/\$PROJECT/security/\n$::CSP") x 5,
 "POST /api/\$PROJECT/security/\n$::CT"]
--- more_headers eval
[(map { ET::store_auth() . "\nContent-Type: $_" }
    "application/json; charset=utf-8", "application/reports+json",
    "application/csp-report", "APPLICATION/CSP-REPORT"),
 ET::store_auth(),
 ET::store_auth() . "\nContent-Type: application/expect-ct-report+json"]
--- error_code eval
[(200) x 6]
--- response_body eval
[("") x 6]
--- then
is(main::stored("message", "events", "logger = 'expect_ct'"),
   "Expect-CT failed for 'ct.example'", "Expect-CT is an event");



=== TEST 3: another media type is refused, and what is no report
--- request eval
["POST /api/\$PROJECT/security/\n$::CSP",
 "POST /api/\$PROJECT/security/\n{\"a\":1}",
 "POST /api/\$PROJECT/security/\n{"]
--- more_headers eval
[map { ET::store_auth() . "\nContent-Type: $_" }
    "text/html", "application/csp-report", "application/csp-report"]
--- error_code eval
[415, 400, 400]
--- response_body_like eval
[qr/"bad_media_type"/, qr/"bad_report"/, qr/"bad_json"/]



=== TEST 4: a report of Network Error Logging is an event
--- request eval
"POST /api/\$PROJECT/nel/?sentry_key=\$KEY\n$::NEL"
--- more_headers
Content-Type: application/reports+json
--- response_body:
--- then
is(main::stored("concat(message, '|', tags['type'])", "events",
                "logger = 'nel'"),
   "Network error tcp.refused at 'shop.example'|tcp.refused",
   "with its type and host");



=== TEST 5: reports in an envelope
--- request eval
["POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{}", ["raw_security", $::CSP =~ s/evil/envelope/r]),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{}", ["security", $::CSP =~ s/evil/raw/r])]
--- response_body_like eval
[(qr/"id"/) x 2]
--- error_code eval
[200, 200]
--- then
is(main::stored("logger", "events", "message LIKE '%envelope.example%'"),
   "csp", "are the same events");
is(main::stored("logger", "events", "message LIKE '%raw.example%'"),
   "csp", "also where they are said to be events of reports");



=== TEST 6: a minidump is an event and its attachment, answered with the event's id as text
--- request eval
["POST /api/\$PROJECT/minidump/?sentry_key=\$KEY\n"
   . ::multipart(['name="upload_file_minidump"; filename="a.dmp"', $::DUMP],
                 ['name="sentry[release]"', "native\@1"]),
 "POST /api/\$PROJECT/minidump/?sentry_key=\$KEY\n" . $::DUMP,
 "POST /api/\$PROJECT/minidump/?sentry_key=\$KEY\n" . "nothing"]
--- more_headers eval
["Content-Type: multipart/form-data; boundary=BOUNDARY",
 "Content-Type: application/octet-stream",
 "Content-Type: application/octet-stream"]
--- error_code eval
[200, 200, 400]
--- response_body_like eval
[(qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) x 2, qr/"bad_multipart"/]
--- response_headers eval
[("Content-Type: text/plain") x 2, "Content-Type: application/json"]
--- then
is(main::stored("count()", "events", "release = 'native\@1'"), 1,
   "the event has its release");
is(main::stored("filename", "attachments", "filename = 'a.dmp'"), "a.dmp",
   "and its file");



=== TEST 7: attachments for an event that was sent before
--- request eval
["POST /api/\$PROJECT/events/" . "5" x 32 . "/attachments/?sentry_key=\$KEY\n"
   . ::multipart(['name="f"; filename="late.txt"', "some text"]),
 "POST /api/\$PROJECT/events/nothing/attachments/?sentry_key=\$KEY\n"
   . ::multipart(['name="f"; filename="late.txt"', "some text"])]
--- more_headers
Content-Type: multipart/form-data; boundary=BOUNDARY
--- error_code eval
[200, 400]
--- then
is(main::stored("data", "attachments", "event_id = toUUID('"
                . "5" x 32 . "') AND filename = 'late.txt'"), "some text",
   "are the event's");



=== TEST 8: a check-in by GET, with its key in the path or in the query
--- request eval
["GET /api/\$PROJECT/cron/nightly/\$KEY/?status=ok&environment=prod",
 "GET /api/\$PROJECT/cron/hourly?sentry_key=\$KEY&status=error",
 "GET /api/\$PROJECT/cron/hourly/?status=ok",
 "GET /api/\$PROJECT/cron/hourly/\$KEY/?status=maybe"]
--- more_headers
X-Nothing: here
--- error_code eval
[202, 202, 401, 400]
--- response_body_like eval
[qr/^$/, qr/^$/, qr/"no_key"/, qr/"bad_item_payload"/]
--- then
is(main::stored("concat(toString(status), environment)", "check_ins_list",
                "monitor_slug = 'nightly'"), "okprod", "is a check-in");
is(main::stored("toString(status)", "check_ins_list",
                "monitor_slug = 'hourly'"), "error", "and so is the other");



=== TEST 9: a check-in by POST, with its monitor
--- request eval
"POST /api/\$PROJECT/cron/weekly/\$KEY/\n"
. '{"status":"ok","monitor_config":{"schedule":{"type":"crontab","value":"0 0 * * 0"}}}'
--- more_headers
Content-Type: application/json
--- error_code: 202
--- response_body:
--- then
is(main::stored("schedule", "check_ins_list", "monitor_slug = 'weekly'"),
   "0 0 * * 0", "has its schedule");



=== TEST 10: what a user says in the error page's dialog is feedback on its event
--- request eval
my $dsn = "https%3A%2F%2F\$KEY%40h%2F\$PROJECT";
["POST /api/embed/error-page/?dsn=$dsn&eventId=" . "6" x 32
  . "\nname=Jane+Doe&email=jane%40example.org&comments=it+broke%21+password%3Dhunter2",
 "POST /api/embed/error-page/?dsn=$dsn&eventId=" . "6" x 32 . "\nname=J"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[200, 400]
--- then
is(main::stored("concat(name, '|', email, '|', message)", "feedback",
                "associated_event_id = toUUID('" . "6" x 32 . "')"),
   "Jane Doe|jane\@example.org|it broke! password=[Filtered]",
   "without the secrets in it");



=== TEST 11: its script needs the DSN, and has nothing of the query in it
--- request eval
my $dsn = "https%3A%2F%2F\$KEY%40h%2F\$PROJECT";
["GET /api/embed/error-page/?dsn=$dsn&eventId=1&title=%3Cscript%3E",
 "GET /api/embed/error-page/?eventId=1"]
--- error_code eval
[200, 400]
--- response_headers eval
["Content-Type: application/javascript", "Content-Type: application/json"]
--- response_body_unlike eval
[qr/<script>/, qr/<script>/]
--- response_body_like eval
[qr/showReportDialog|errortracking-dialog/, qr/"bad_dsn"/]



=== TEST 12: an envelope that was sent to where events go is an envelope
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::envelope("{}", ET::event(id => "7" x 32)),
 "POST /api/\$PROJECT/store/\n"
   . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event()),
 "POST /api/store/\n" . ET::envelope("{}", ET::event()),
 "POST /api/store/\n"
   . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event()),
 "POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ET::event()),
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- more_headers eval
my $type = "Content-Type: application/x-sentry-envelope";
my $json = "Content-Type: text/plain;charset=UTF-8";
[ET::store_auth() . "\n$type", $type, ET::store_auth() . "\n$type", $type,
 ET::store_auth() . "\n$json",
 ET::store_auth() . "\nContent-Type: application/x-www-form-urlencoded"]
--- error_code eval
[200, 200, 200, 401, 200, 200]
--- response_body_like eval
[qr/^\{"id":"7{32}"\}$/, qr/"id"/, qr/"id"/, qr/"no_key"/, qr/"id"/, qr/"id"/]



=== TEST 13: a report that a Relay has made an event of is that event
--- request eval
"POST /api/\$PROJECT/envelope/\n"
  . ET::envelope("{\"event_id\":\"" . "8" x 32 . "\"}", ["security",
        '{"type":"csp","logger":"csp","culprit":"img-src","logentry":'
        . '{"formatted":"Blocked image from relay.example"},"csp":{'
        . '"effective_directive":"img-src","blocked_uri":"relay.example"}}'])
--- response_body eval
"{\"id\":\"" . "8" x 32 . "\"}"
--- then
is(main::stored("concat(message, '|', culprit, '|', toString(n))", "events",
                "event_id = toUUID('" . "8" x 32 . "')"),
   "Blocked image from relay.example|img-src|1", "under its id");



=== TEST 14: a report of the Unreal Engine is an event and its files, the key in its path
--- request eval
["POST /api/\$PROJECT/unreal/\$KEY/?UserID=1\n"
   . ::unreal("UE4Minidump.dmp" => $::DUMP, "CrashContext.runtime-xml" =>
         "<FGenericCrashContext><RuntimeProperties><ErrorMessage>Assertion "
         . "failed: a &lt; b</ErrorMessage><GameName>UE4-Game</GameName>"
         . "</RuntimeProperties></FGenericCrashContext>"),
 "POST /api/\$PROJECT/unreal/\$KEY/\n" . ET::zlibbed("nothing"),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}",
                  ["unreal_report", ::unreal("a.log" => "in an envelope")])]
--- more_headers eval
[("Content-Type: application/octet-stream") x 3]
--- error_code eval
[200, 400, 200]
--- response_body_like eval
[qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, qr/"bad_crash"/, qr/"id"/]
--- then
is(main::stored("concat(value, '|', level, '|', platform, '|', "
                . "JSONExtractString(payload, 'extra', 'game_name'))",
                "events", "value LIKE 'Assertion%'"),
   "Assertion failed: a < b|fatal|native|UE4-Game", "with what its context says");
is(main::stored("arrayStringConcat(arraySort(groupArray(filename)), ' ')",
                "attachments", "event_id IN (SELECT event_id FROM "
                . "errortracking.events WHERE value LIKE 'Assertion%')"),
   "CrashContext.runtime-xml UE4Minidump.dmp", "and its files");
is(main::stored("data", "attachments", "filename = 'a.log'"), "in an envelope",
   "in an envelope, too");



=== TEST 15: a minidump that a Relay passes on in an envelope is an event, too
--- request eval
"POST /api/\$PROJECT/envelope/\n{\"event_id\":\"" . "9" x 32 . "\"}\n"
  . "{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\","
  . "\"filename\":\"r.dmp\",\"length\":" . length($::DUMP) . "}\n$::DUMP\n"
  . "{\"type\":\"form_data\",\"length\":32}\n"
  . ::text32("sentry[release]") . ::text32("relayed\@1")
--- response_body eval
"{\"id\":\"" . "9" x 32 . "\"}"
--- then
is(main::stored("concat(release, '|', platform, '|', level)", "events",
                "event_id = toUUID('" . "9" x 32 . "')"),
   "relayed\@1|native|fatal", "with the fields beside it");
is(main::stored("filename", "attachments",
                "event_id = toUUID('" . "9" x 32 . "')"), "r.dmp", "and its file");
