#!/usr/bin/perl
#
# Items that are no events become rows of tables of their own, and what they
# say can be asked there: release health, monitors, feedback, logs, outcomes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5;
use ET;
use ET::Server;
use Test::More;
use Time::HiRes qw(time);

my $project = $PROJECT;
my $nginx = ET::Server->start("items");
my $now = time();


sub stored {
    my ($what, $table, $where) = @_;

    return sql("SELECT $what FROM errortracking.$table WHERE project_id = "
               . $project . ($where ? " AND $where" : ""));
}


sub send_items {
    my (@items) = @_;

    return $nginx->send(envelope("{}", @items), $project, $KEY,
                        "envelope")->{status};
}


sub rfc3339 {
    my ($time) = @_;
    my @t = gmtime $time;

    return sprintf "%04d-%02d-%02dT%02d:%02d:%02dZ",
                   $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0];
}


sub session {
    my ($sid, $status, $more) = @_;
    my $started = rfc3339($now - 60);

    return ["session", "{\"sid\":\"$sid\",\"status\":\"$status\","
                       . "\"started\":\"$started\",$more"
                       . "\"attrs\":{\"release\":\"app\@1\","
                       . "\"environment\":\"prod\"}}"];
}


subtest "a session counts once, however many updates it has" => sub {
    my @sids = map { new_id() } 1 .. 4;

    is(send_items(session($_, "ok", "\"init\":true,\"did\":\"$_\",")), 200,
       "a session begins") for @sids;
    is(send_items(session($sids[0], "exited", "\"duration\":12.5,"),
                  session($sids[1], "crashed", "\"errors\":1,")), 200,
       "two end");
    is(send_items(session($sids[0], "exited", "\"duration\":12.5,"),
                  session($sids[2], "ok", "\"errors\":3,")), 200,
       "one says so again, another has errors");

    ok($nginx->drained, "the updates are stored");
    is(stored("count(), sum(errored), sum(crashed), max(duration)",
              "sessions_list"), "4\t2\t1\t12.5",
       "four sessions, of which two had errors and one crashed");
    is(stored("sessions, errored, crashed, users, crashed_users, "
              . "crash_free_sessions, crash_free_users", "release_health"),
       "4\t1\t1\t4\t1\t0.75\t0.75", "and what is crash free");
};


subtest "counts of sessions add up with the others" => sub {
    my $started = rfc3339($now - 120);

    is(send_items(["sessions", "{\"aggregates\":[{\"started\":\"$started\","
                   . "\"exited\":90,\"errored\":5,\"crashed\":5}],"
                   . "\"attrs\":{\"release\":\"app\@2\"}}"]), 200,
       "a server's counts");
    ok(until_true(sub { stored("count()", "release_health",
                               "release = 'app\@2'") }), "are stored");
    is(stored("sessions, errored, crashed, crash_free_sessions",
              "release_health", "release = 'app\@2'"), "100\t5\t5\t0.95",
       "and are as many as they say");
};


subtest "a monitor's check-ins, a missed one and one that timed out" => sub {
    my $id = new_id();
    my $hour = "\"monitor_config\":{\"schedule\":{\"type\":\"interval\","
               . "\"value\":1,\"unit\":\"hour\"},\"max_runtime\":7,"
               . "\"checkin_margin\":3}";

    is(send_items(["check_in", "{\"check_in_id\":\"$id\",\"monitor_slug\":"
                   . "\"job\",\"status\":\"in_progress\",$hour}"]), 200,
       "a job begins");
    is(send_items(["check_in", "{\"check_in_id\":\"$id\",\"monitor_slug\":"
                   . "\"job\",\"status\":\"ok\",\"duration\":2.5,$hour}"]),
       200, "and ends");
    ok(until_true(sub { stored("max(status) = 'ok'", "check_ins") == 1 }),
       "both are stored");
    # an hour from its end: its beginning may be in another second
    is(stored("count(), any(reported), any(duration), any(margin), "
              . "any(max_runtime), any(expected - toDateTime(last))",
              "check_ins_list"), "1\tok\t2.5\t3\t7\t3600",
       "as one check-in, which says when the next is due");
    is(stored("last_status, missed", "monitors"), "ok\t0",
       "the monitor is well");

    # the same table, an hour later
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, project_id, "
        . "event_id, transaction, level, attributes) SELECT 5, 1, "
        . "now64(6) - INTERVAL 2 HOUR, $project, generateUUIDv4(), 'late', "
        . "'in_progress', map('expected', toString(toUnixTimestamp(now()) "
        . "- 3600), 'margin', '5', 'schedule_type', 'interval')");
    is(stored("status", "check_ins_list", "monitor_slug = 'late'"),
       "timeout", "a job that does not end times out");
    is(stored("missed, last_status", "monitors", "monitor_slug = 'late'"),
       "1\ttimeout", "and the one that did not come was missed");
};


subtest "a check-in without a schedule has its monitor's" => sub {
    my $check_in = sub {
        my ($slug, $config) = @_;

        # each after the one before it
        is(send_items(["check_in", "{\"check_in_id\":\"" . new_id()
            . "\",\"monitor_slug\":\"$slug\",\"status\":\"ok\""
            . ($config ? ",\"monitor_config\":{\"schedule\":{$config},"
                         . "\"checkin_margin\":5}" : "") . "}"]), 200,
           "$slug checks in");
    };

    for (["every", '"type":"interval","value":2,"unit":"hours"'],
         ["soon", '"type":"crontab","value":"0 0 1 1 *"'], ["never"])
    {
        my ($slug, $config) = @$_;

        $check_in->($slug, $config) if $config;
        $check_in->($slug);
    }

    ok($nginx->drained, "they are stored");
    is(stored("check_ins, schedule, margin, missed, dateDiff('minute', "
              . "last_check_in, expected)", "monitors",
              "monitor_slug = 'every'"), "2\t2\t5\t0\t120",
       "of an interval, the next is due after it");
    is(stored("schedule, expected = toDateTime(concat(toString("
              . "toYear(now()) + 1), '-01-01 00:00:00'), 'UTC')", "monitors",
              "monitor_slug = 'soon'"), "0 0 1 1 *\t1",
       "of a crontab, when it was");
    is(stored("schedule, toUnixTimestamp(expected), missed", "monitors",
              "monitor_slug = 'never'"), "\t0\t0", "of none, never");

    # as if the crontab's time had passed between the two
    sql("INSERT INTO errortracking.check_ins (project_id, monitor_slug, "
        . "environment, check_in_id, started, last, status, schedule_type, "
        . "schedule, expected) VALUES "
        . join(",", map { "($project, 'past', 'production', "
                          . "generateUUIDv4(), now() - $_->[0], now() - "
                          . "$_->[0], 'ok', '$_->[1]', '', "
                          . "toDateTime($_->[2]))" }
                    [7200, "crontab", "now() - 3600"], [60, "", "0"]));
    is(stored("schedule_type, toUnixTimestamp(expected), missed", "monitors",
              "monitor_slug = 'past'"), "crontab\t0\t0",
       "a crontab's next time is not made up");
};


subtest "feedback, of both kinds" => sub {
    my ($id, $event) = (new_id(), new_id());

    is(send_items(["feedback", "{\"event_id\":\"$id\",\"platform\":"
                   . "\"javascript\",\"contexts\":{\"feedback\":{\"message\":"
                   . "\"It broke\",\"contact_email\":\"a\@b.example\","
                   . "\"name\":\"Ann\",\"url\":\"https://x.example/\","
                   . "\"associated_event_id\":\"$event\"}}}"],
                  ["user_report", "{\"event_id\":\"$event\",\"name\":\"Bob\","
                   . "\"email\":\"b\@b.example\",\"comments\":\"Me too\"}"]),
       200, "are accepted");
    ok(until_true(sub { stored("count()", "feedback") == 2 }), "and stored");
    is(stored("replaceAll(toString(event_id), '-', ''), message, email, name,"
              . " url, platform", "feedback", "name = 'Ann'"),
       "$id\tIt broke\ta\@b.example\tAnn\thttps://x.example/\tjavascript",
       "with what the user says");
    is(stored("groupUniqArray(replaceAll(toString(associated_event_id), '-',"
              . "''))", "feedback"), "['$event']", "about the same event");
};


subtest "logs" => sub {
    is(send_items(["log", "{\"items\":[{\"timestamp\":" . ($now - 1)
                   . ",\"trace_id\":\"" . new_id() . "\",\"level\":\"warn\","
                   . "\"body\":\"disk is full\",\"attributes\":{"
                   . "\"sentry.release\":{\"value\":\"app\@1\"},"
                   . "\"path\":{\"value\":\"/var\",\"type\":\"string\"}}},"
                   . "{\"body\":\"again\",\"level\":\"info\"}]}"]), 200,
       "are accepted");
    ok(until_true(sub { stored("count()", "logs") == 2 }), "and stored");
    is(stored("level, body, release, attributes['path']", "logs",
              "level = 'warn'"), "warn\tdisk is full\tapp\@1\t/var",
       "with their attributes");
};


subtest "attachments, of several chunks, too" => sub {
    my $id = new_id();
    my $text = join "", map { pack "N", $_ * 2654435761 % 2 ** 32 }
                        1 .. 300_000;

    is($nginx->send(envelope("{\"event_id\":\"$id\"}", event(id => $id),
                             ["attachment\",\"filename\":\"a.bin\","
                              . "\"content_type\":\"application/x", $text],
                             ["attachment\",\"filename\":\"empty", ""]),
                    $project, $KEY, "envelope")->{status}, 200,
       "are accepted with their event");
    ok(until_true(sub { stored("count()", "attachments_list") == 2 }),
       "and stored");
    is(stored("filename, content_type, size, complete, "
              . "replaceAll(toString(event_id), '-', '')", "attachments_list",
              "filename = 'a.bin'"), "a.bin\tapplication/x\t1200000\t1\t$id",
       "as a file of their event");
    is(sql("SELECT hex(MD5(arrayStringConcat(groupArray(data)))) FROM (SELECT "
           . "data FROM errortracking.attachments WHERE project_id = $project "
           . "AND filename = 'a.bin' ORDER BY chunk)"),
       uc(Digest::MD5::md5_hex($text)), "byte by byte");
};


subtest "what was not sent, and what was damaged, are outcomes" => sub {
    is(send_items(["client_report", "{\"discarded_events\":[{\"reason\":"
                   . "\"ratelimit_backoff\",\"category\":\"transaction\","
                   . "\"quantity\":40}]}"],
                  ["check_in", "{"],
                  ["event", event()]), 200, "an envelope is accepted");
    ok(until_true(sub { stored("sum(n)", "outcomes", "outcome != 'accepted'")
                        == 41 }), "its outcomes are stored");
    is(stored("sum(n)", "outcomes", "outcome = 'client_discard' AND category "
              . "= 'transaction' AND reason = 'ratelimit_backoff'"), "40",
       "as the SDK says");
    is(stored("sum(n)", "outcomes", "outcome = 'invalid' AND category "
              . "= 'monitor' AND reason = 'bad_json'"), "1",
       "a damaged check-in is invalid");
    is(stored("sumIf(n, category = 'error'), sumIf(n, category = 'log_item'),"
              . " sumIf(n, category = 'feedback'), "
              . "sumIf(n, category = 'attachment')", "outcomes",
              "outcome = 'accepted'"), "2\t2\t2\t2",
       "and what was accepted is counted by category");
};


ok($nginx->quit, "QUIT ends nginx in good order");
$nginx->no_alerts;


done_testing();
