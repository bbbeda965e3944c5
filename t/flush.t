#!/usr/bin/perl
#
# What was answered 200 is stored, and once: whatever stands between NGINX and
# ClickHouse, whether workers are replaced or end.  A real ClickHouse counts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Proxy;
use ET::Server;
use Test::More;
use Time::HiRes qw(sleep time);

my $proxy = ET::Proxy->start("flush");
my $project = $PROJECT;


# Each test has a project of its own.
sub next_project {
    $project++;
    ET::write_file($ET::KEYS, "$project $KEY\n");

    return $project;
}


sub stored {
    my ($what, $table) = @_;

    return sql("SELECT $what FROM " . ($table || "errortracking.events")
               . " WHERE project_id = $project");
}


# What came to the proxy after its first so many requests.
sub since {
    my ($first) = @_;
    my @requests = $proxy->requests;

    return @requests[$first .. $#requests];
}


# So many different events, stored once each.
sub all_stored {
    my ($n, $name) = @_;

    # an INSERT fills one view's table after the other's

    until_true { stored("sum(n)") >= $n
                 && stored("sum(n)", "errortracking.errors_list") >= $n } 30;
    is(stored("sum(n), uniqExact(event_id), count()"), "$n\t$n\t$n", $name);
    is(stored("sum(n)", "errortracking.errors_list"), $n,
       "$name, and counted once");
}


sub end {
    my ($nginx) = @_;

    ok($nginx->quit, "$nginx->{name}: QUIT ends nginx in good order");
    $nginx->no_alerts;
}


# The failure of a mode: that it is noticed, and what is sent again.
sub fails {
    my ($mode, $cause, $name) = @_;

    next_project();
    my $first = () = $proxy->requests;
    my $nginx = ET::Server->start("mode-$mode", via => $proxy);

    $proxy->mode($mode);
    is($nginx->post(event(), $project), 200, "$name: an event is accepted")
        for 1 .. 3;

    ok(until_true(sub {
           $nginx->metric("batch_failures_total", cause => $cause) >= 2 }),
       "$name: it is a failure of cause $cause");
    is($nginx->metric("rows_sent_total"), 0, "$name: nothing counts as sent");
    is($nginx->metric("zone_rows"), 3, "$name: all of it is still there");

    $proxy->mode("pass");
    ok($nginx->drained, "$name: it is sent once all is well again");
    all_stored(3, "$name: each event is stored once");

    my %bytes;
    my @sent = since($first);
    $bytes{$_->{token}}{$_->{md5}}++ for @sent;
    my ($again) = grep { my $s = $_; 1 < grep { $_->{token} eq $s->{token} }
                                        @sent } @sent;

    ok($again, "$name: a batch is sent again under its token");
    is(scalar(grep { keys %$_ != 1 } values %bytes), 0,
       "$name: with the same bytes");
    is($nginx->metric("batch_retries_total"), @sent - keys %bytes,
       "$name: and each repetition is counted");
    is($nginx->metric("rows_sent_total"), 3, "$name: three rows are sent");

    my @errors = grep { /\[error\]/ } split /\n/, $nginx->log;
    is(scalar @errors, 1, "$name: of all attempts the log has one error")
        or diag(join "\n", @errors);
    like($errors[0], qr/ClickHouse does not take batches: $cause, /,
         "$name: which says what it is");
    like($nginx->log, qr/ClickHouse takes batches again after \d+ s/,
         "$name: and the log says when it is over");

    end($nginx);
}


subtest "a 500 is retried with the same token and bytes" => sub {
    fails("500", "status", "500");
};


subtest "an answer that is lost is asked for again, and stored once" => sub {
    fails("lose", "connect", "lost");
    is(scalar(grep { $_->{mode} eq "lose" } $proxy->requests) >= 2, 1,
       "ClickHouse has stored it before that");
};


subtest "a connection that is closed early is retried" => sub {
    fails("close", "connect", "closed");
};


subtest "an answer that is cut short is no success" => sub {
    fails("cut", "incomplete", "cut");
};


subtest "a 200 of something that is not ClickHouse is no success" => sub {
    fails("not", "status", "not ClickHouse");
};


subtest "a ClickHouse that is slow delays nobody" => sub {
    next_project();
    my $nginx = ET::Server->start("slow", via => $proxy);

    $proxy->mode("delay=3");
    my $longest = 0;

    for (1 .. 40) {
        my $begin = time;
        $nginx->post(event(), $project) == 200 or fail("a post");
        $longest = time - $begin if time - $begin > $longest;
        sleep 0.02;
    }

    cmp_ok($longest, "<", 1, "no request takes a second");
    is($nginx->metric("rows_sent_total"), 0, "while ClickHouse has said nothing");
    $proxy->mode("pass");
    ok($nginx->drained, "the zone drains");
    all_stored(40, "all are stored once");
    end($nginx);
};


subtest "a batch that ClickHouse refuses is named, and kept until it is taken" => sub {
    next_project();
    my $database = "et_test_$project";
    my $nginx = ET::Server->start("table",
                        flush => "interval=50ms table=$database.rows");

    is($nginx->post(event(), $project), 200, "an event is accepted");
    ok(until_true(sub {
           $nginx->metric("batch_failures_total", cause => "exception") }),
       "a missing table is an exception");
    like($nginx->log, qr{does not take batches: exception, status 404, ".*$database.*", failure 1 in},
         "the log has ClickHouse's words, in one line");

    sql("CREATE DATABASE $database");
    sql("CREATE TABLE $database.rows AS errortracking.ingest "
        . "ENGINE = MergeTree ORDER BY project_id");
    ok($nginx->drained, "it is sent when the table is there");
    is(stored("count()", "$database.rows"), 1, "to the table that was named");
    end($nginx);
    sql("DROP DATABASE $database");
};


subtest "the schema's version is asked for, and an old one is said" => sub {
    next_project();
    my $database = "et_test_$project";
    my $nginx = ET::Server->start("schema",
                        flush => "interval=50ms table=$database.rows");

    ok(until_true(sub { $nginx->log =~ /schema can't be read: "Code: 81/ }),
       "a schema without a version is said");
    is($nginx->metric("schema_version"), 0, "and is version 0");

    sql("CREATE DATABASE $database");
    sql("CREATE TABLE $database.rows AS errortracking.ingest "
        . "ENGINE = MergeTree ORDER BY project_id");
    sql("CREATE TABLE $database.schema_version AS "
        . "errortracking.schema_version ENGINE = MergeTree ORDER BY version");
    sql("INSERT INTO $database.schema_version (version) VALUES (1)");

    ok($nginx->reload, "a reload");
    ok(until_true(sub { $nginx->metric("schema_version") == 1 }),
       "it is asked for again");
    like($nginx->log, qr/\[warn\].*schema is of version 1 and this module needs/,
         "an old one is said");
    is($nginx->post(event(), $project), 200, "an event is accepted");
    ok($nginx->drained, "and sent all the same");

    $nginx->configure(flush => "interval=50ms");
    ok($nginx->reload, "with the schema that is there");
    my $version = sql("SELECT max(version) FROM errortracking.schema_version");
    ok(until_true(sub { $nginx->metric("schema_version") == $version }),
       "the version is a metric");
    is(scalar(() = $nginx->log =~ /\[warn\]/g), 2,
       "and what was wrong was said once each");
    end($nginx);
    sql("DROP DATABASE $database");
};


subtest "a segment is sealed by its age" => sub {
    next_project();
    my $nginx = ET::Server->start("age", flush => "interval=500ms");
    my $begin = time;

    is($nginx->post(event(), $project), 200, "an event is accepted");
    ok(until_true(sub { stored("count()") == 1 }), "it comes to ClickHouse");
    cmp_ok(time - $begin, ">", 0.45, "not before its time");
    end($nginx);
};


subtest "a batch is sent when it is full, whatever its age" => sub {
    next_project();
    my $nginx = ET::Server->start("full", workers => 1,
                                  flush => "interval=1h batch=1m");

    # two fill a segment, and a second full one would be too much for a batch
    $nginx->post(event(size => 600_000), $project) == 200
        or fail("an event") for 1 .. 5;

    ok(until_true(sub { stored("count()") == 2 }),
       "what fills a batch comes to ClickHouse");
    ok(until_true(sub { $nginx->metric("zone_rows") == 3 }),
       "the others wait");
    end($nginx);
    all_stored(5, "and come with the end of nginx");
};


subtest "batches are as large as they may be, and no larger" => sub {

    # 17 events make eight full segments and one with a single event
    for my $test (["batch=2500k", 5, 2_560_000],
                  ["batch=1m", 9, 1_310_720],
                  ["batch=16m rows=4", 5, 2_621_440],
                  ["batch=16m", 2, 16_777_216])
    {
        my ($flush, $batches, $bytes) = @$test;

        next_project();
        my $nginx = ET::Server->start("batch-$bytes", workers => 1,
                                  via => $proxy,
                                  flush => "interval=100ms in_flight=1 $flush");

        # one that takes its time holds the others back
        my $before = () = $proxy->requests;
        $proxy->mode("delay=3");
        $nginx->post(event(), $project);
        until_true { $before < (() = $proxy->requests) };
        $proxy->mode("pass");

        $nginx->post(event(size => 600_000), $project) == 200
            or fail("an event") for 1 .. 17;

        ok($nginx->drained, "$flush: it drains");

        my %size = map { $_->{token} => $_->{length} }
                   grep { $_->{mode} eq "pass" && $_->{length} > 10_000 }
                   since($before);

        is(scalar keys %size, $batches, "$flush: $batches batches");
        is(scalar(grep { $_ > $bytes } values %size), 0,
           "$flush: none is larger than $bytes bytes");
        all_stored(18, "$flush: all are stored once");
        end($nginx);
    }
};


# An event of an error that no other is of.
sub an_error {
    my (%has) = @_;

    return event(more => "\"fingerprint\":[\"" . new_id() . "\"]", %has);
}


subtest "what many workers fill is no backlog, and no batch is small for it" => sub {
    next_project();
    my $nginx = ET::Server->start("filling", workers => 8, zone => "26m",
                                  listen => "reuseport",
                                  ingest => "errortracking_storm 1 1h;",
                                  flush => "interval=1h batch=16m");

    # each worker fills two segments: one with bodies, one with counts
    my $n = 0;
    until_true {
        $nginx->{http} = HTTP::Tiny->new(timeout => 30);
        $nginx->post(an_error(), $project);
        $nginx->post(event(), $project);
        $n += 2;
        $nginx->metric("segments", state => "filling") == 16
    };
    is($nginx->metric("segments", state => "filling"), 16, "16 are filled");
    cmp_ok($nginx->metric("segments", state => "free"), "<=", 5,
           "and that is most of the zone");

    # over one connection, so to one worker: two fill a segment
    $nginx->post(an_error(size => 600_000), $project) == 200
        or fail("an event") for 1 .. 3;
    is($nginx->metric("segments", state => "sealed"), 1, "one is full");

    sleep 1;   # ten ticks
    is($nginx->metric("segments", state => "sealed"), 1,
       "it waits for more, until a batch is worth it");
    is($nginx->metric("batches_sent_total"), 0, "and nothing was sent");

    end($nginx);
    is(stored("sum(n)"), $n + 3, "all of it is stored");
};


subtest "a batch that waits is handed over once, and sent as it was" => sub {
    for my $signal ("TERM", "HUP") {
        next_project();
        my $before = () = $proxy->requests;
        my $nginx = ET::Server->start("hand-over-$signal", via => $proxy);

        $proxy->mode("500");
        is($nginx->post(event(), $project), 200, "$signal: an event");
        ok(until_true(sub {
               $nginx->metric("batch_failures_total", cause => "status") }),
           "$signal: it is not taken");

        # who has the batch wrote the line about it
        my ($pid) = $nginx->log =~ /\] (\d+)#.*does not take batches/;

        if ($signal eq "TERM") {
            kill $signal, $pid;
        } else {
            $nginx->reload;
        }

        ok(until_true(sub { $nginx->log =~ /is taken over/ }),
           "$signal: another takes it over");
        $proxy->mode("pass");
        ok($nginx->drained, "$signal: and sends it");

        is(scalar(() = $nginx->log =~ /\] $pid#.* is handed over/g), 1,
           "$signal: it was handed over once");
        is(scalar(() = $nginx->log =~ / is taken over/g), 1,
           "$signal: and taken over once");
        my %sent = map { $_->{token} . $_->{md5} => 1 } since($before);
        is(scalar keys %sent, 1, "$signal: with one token and the same bytes");
        all_stored(1, "$signal: it is stored once");
        end($nginx);
    }
};


subtest "a full zone answers 503 and Retry-After, and takes events after the drain" => sub {
    next_project();
    my $nginx = ET::Server->start("zone-full", via => $proxy);
    my ($taken, $answer) = (0);

    $proxy->mode("500");

    for (1 .. 100) {
        $answer = $nginx->send(event(size => 600_000), $project);
        last if $answer->{status} != 200;
        $taken++;
    }

    is($answer->{status}, 503, "after $taken events the zone is full");
    like($answer->{headers}{"retry-after"} // "", qr/^[1-9]\d*$/,
         "with Retry-After");
    like($answer->{headers}{"x-sentry-error"}, qr/full/, "and X-Sentry-Error");
    like($answer->{content}, qr/"zone_full"/, "and why");
    cmp_ok($taken, ">", 10, "it has held more than ten");
    is($nginx->metric("rejected_total", reason => "zone_full"), 1,
       "it is counted");
    is($nginx->metric("events_accepted_total"), $taken,
       "what was refused was not accepted");

    $proxy->mode("pass");
    ok(until_true(sub { $nginx->metric("segments", state => "free") > 4 }, 60),
       "segments become free");
    is($nginx->post(event(), $project), 200, "then events are taken again");
    ok($nginx->drained, "all of it drains");
    all_stored($taken + 1, "all that were accepted are stored once");
    end($nginx);
};


subtest "in a storm the bodies are limited and the counts exact" => sub {
    next_project();
    my $nginx = ET::Server->start("storm",
                                  ingest => "errortracking_storm 10 60s;");
    my $now = int(time);
    my $bad = 0;

    # intervals are of the clock: all of it has to fall into one
    $now = int(time) while $now % 60 > 35 and sleep 1;

    my @clients = map {
        my $client = $_;
        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            my $failed = 0;
            $nginx->{http} = HTTP::Tiny->new(timeout => 30);

            for my $i (1 .. 250) {
                my $n = $client * 250 + $i;         # 1 to 1000
                my $event = event(message => "the storm",
                    more => sprintf('"timestamp":%d,"user":{"id":"u%d"}',
                                    $now - 1000 + $n, $n % 5));
                $failed++ if $nginx->post($event, $project) != 200;
            }

            require POSIX;
            POSIX::_exit($failed ? 1 : 0);
        }

        $pid;
    } 0 .. 3;

    for (@clients) {
        waitpid $_, 0;
        $bad++ if $?;
    }

    is($bad, 0, "1000 are accepted");
    ok($nginx->drained, "the zone drains");
    is(stored("countIf(payload != '')"), 10, "ten bodies are kept");
    is(stored("sum(n)"), 1000, "the sum of n is 1000");
    is(stored("uniqExact(fingerprint)"), 1, "it is one error");
    is(stored("n, users, toUnixTimestamp(first_seen), "
              . "toUnixTimestamp(last_seen)", "errortracking.errors_list"),
       join("\t", 1000, 5, $now - 999, $now),
       "its users, its first and its last time are those of all");
    is(stored("sum(n)", "errortracking.error_counts"), 1000,
       "by the minute they are 1000, too");
    is($nginx->metric("events_folded_total"), 990, "990 are counted as folded");
    is($nginx->metric("events_accepted_total"), 1000, "and 1000 as accepted");
    end($nginx);
};


subtest "files go with their event's body" => sub {
    next_project();
    my $nginx = ET::Server->start("storm-files",
                                  ingest => "errortracking_storm 1 1d;");

    for (1 .. 3) {
        my $id = new_id();

        is($nginx->send(envelope("{\"event_id\":\"$id\"}",
                                 event(id => $id, message => "again"),
                                 ["attachment", "some bytes"]),
                        $project, $KEY, "envelope")->{status}, 200,
           "an event with a file is accepted");
    }

    until_true { stored("sum(n)", "errortracking.outcomes") >= 6 };
    is(stored("sum(n), countIf(payload != '')"), "3\t1",
       "three are counted, one has its body");
    is(stored("count()", "errortracking.attachments_list"), 1,
       "and one its file");
    is(sql("SELECT sum(n) FROM errortracking.outcomes WHERE project_id = "
           . "$project AND reason = 'storm'"), 2, "the others' are outcomes");
    end($nginx);
};


subtest "errors of other kinds are not limited by a storm" => sub {
    next_project();
    my $nginx = ET::Server->start("storms",
                                  ingest => "errortracking_storm 1 1d;");

    my @kinds = qw(one two three four five);
    for my $kind (@kinds) {
        $nginx->post(event(message => "kind $kind"), $project) == 200
            or fail("an event") for 1 .. 10;
    }

    ok($nginx->drained, "the zone drains");
    is(stored("uniqExact(fingerprint), countIf(payload != ''), sum(n)"),
       "5\t5\t50", "each has a body of its own, and its count");
    end($nginx);
};


subtest "QUIT drains what has not been sent yet" => sub {
    next_project();
    my $nginx = ET::Server->start("quit", flush => "interval=1h");

    $nginx->post(event(), $project) == 200 or fail("an event") for 1 .. 50;
    is($nginx->metric("zone_rows"), 50, "all of it waits");
    end($nginx);
    is(stored("count(), uniqExact(event_id)"), "50\t50",
       "all of it is stored when nginx has ended");
};


subtest "QUIT drains though ClickHouse fails for a while" => sub {
    next_project();
    my $nginx = ET::Server->start("quit-fails", via => $proxy);

    $proxy->mode("500");
    $nginx->post(event(), $project) == 200 or fail("an event") for 1 .. 5;
    until_true { $nginx->metric("batch_failures_total", cause => "status") };
    kill "QUIT", $nginx->{pid};
    sleep 0.5;
    $proxy->mode("pass");
    end($nginx);
    is(stored("count(), uniqExact(event_id)"), "5\t5", "all of it is stored");
};


subtest "what is refused is an outcome of its project, a key unknown none's" =>
sub {
    next_project();
    my $nginx = ET::Server->start("outcomes");

    is($nginx->post(event(), $project), 200, "an event is accepted");
    is($nginx->post("{", $project), 400, "half an event is not") for 1 .. 3;
    is($nginx->post(event(), $project, "unknown"), 403, "a key is unknown");

    my $outcomes = "errortracking.outcomes";
    until_true { stored("sum(n)", $outcomes) >= 4 };
    is(stored("sumIf(n, outcome = 'accepted' AND category = 'error'), "
              . "sumIf(n, outcome = 'invalid' AND reason = 'bad_json'), "
              . "sum(n)", $outcomes), "1\t3\t4",
       "one was accepted, three were invalid, and no more");
    end($nginx);
};


subtest "a reload reads the keys anew, and keeps the ones that work" => sub {
    next_project();
    my $nginx = ET::Server->start("reread");

    is($nginx->post(event(), $project, "later"), 403, "a key is unknown");
    ET::write_file($ET::KEYS, "$project later\n");
    is($nginx->post(event(), $project, "later"), 403,
       "the file alone changes nothing");
    ok($nginx->reload, "nginx reloads");
    $nginx->{http} = HTTP::Tiny->new(timeout => 10);
    ok(until_true(sub { $nginx->post(event(), $project, "later") == 200 }),
       "the key is known");
    is($nginx->post(event(), $project), 403, "the one that has gone is not");

    ET::write_file($ET::KEYS, "$project later\nnonsense\n");
    kill "HUP", $nginx->{pid};
    ok(until_true(sub { $nginx->log =~ /\[emerg\].* in \Q$ET::KEYS\E:2/ }),
       "a file with a bad line is refused, by its line");
    is($nginx->post(event(), $project, "later"), 200,
       "and the old keys go on working");

    ok($nginx->quit, "QUIT ends nginx in good order");
    unlike($nginx->log, qr/\[(?:alert|crit)\]/, "no alerts in the error log");
};


done_testing();
