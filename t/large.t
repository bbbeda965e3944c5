#!/usr/bin/perl
#
# Large attachments: past the zone, into the spool's files, and from there to
# ClickHouse; in a worker whose memory is smaller than they are.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Proxy;
use ET::Server;
use Test::More;

use constant MIB => 1024 * 1024;

my $project = $PROJECT;
my $limits = "errortracking_max_body_size 200m; "
             . "errortracking_max_inflated_size 200m; "
             . "errortracking_max_attachment_size 120m; "
             . "errortracking_max_attachments_size 150m;";

# no two parts are alike, and it shrinks to a third
my $block = join "", map { sprintf "%08x", $_ * 2654435761 % 2 ** 32 }
                     1 .. MIB / 8;
my $text = join "", map { sprintf("%08d", $_) . substr $block, 8 } 1 .. 100;


sub stored {
    my ($what, $table, $where) = @_;

    return sql("SELECT $what FROM errortracking.$table WHERE project_id = "
               . $project . ($where ? " AND $where" : ""));
}


sub file {
    my ($name, $data) = @_;

    return ["attachment\",\"filename\":\"$name", $data];
}


sub post {
    my ($nginx, $body, @headers) = @_;

    return $nginx->{http}->post(
        "http://127.0.0.1:$nginx->{port}/api/$project/envelope/",
        { content => $body,
          headers => { "X-Sentry-Auth" => "Sentry sentry_key=$KEY",
                       @headers } });
}


sub is_whole {
    my ($id, $name, $data) = @_;

    ok(until_true(sub { stored("max(complete)", "attachments_list",
                               "event_id = '$id' AND filename = '$name'")
                        eq "1" }), "$name is stored");
    is(sql("SELECT lower(hex(MD5(arrayStringConcat(groupArray(data))))) FROM "
           . "(SELECT data FROM errortracking.attachments WHERE project_id = "
           . "$project AND event_id = '$id' AND filename = '$name' "
           . "ORDER BY chunk)"), md5_hex($data), "byte by byte");
}


# the sanitizer's own memory is more than any such limit
my $limit = "ulimit -s 512 && ulimit -d 98304";

if (system("grep -q __asan_init '$ET::NGINX' 2>/dev/null") == 0) {
    diag("nginx has the sanitizers: its memory is not limited here");
    $limit = "";
}


subtest "files of 100 MB, in a worker that has less memory than that" => sub {
    my $nginx = ET::Server->start("large", zone => "12m", ingest => $limits,
                                  main => "errortracking_spool "
                                          . "$ET::DIR/large-spool 1g;",
                                  ulimit => $limit);
    my ($plain, $zipped) = (new_id(), new_id());
    my $envelope = envelope("{\"event_id\":\"$plain\"}", event(id => $plain),
                            file("a.bin", $text), file("b.txt", "small"));

    is(post($nginx, $envelope)->{status}, 200, "are accepted as they are");
    is_whole($plain, "a.bin", $text);
    is_whole($plain, "b.txt", "small");

    $envelope =~ s/\Q$plain\E/$zipped/g;
    is(post($nginx, gzipped($envelope), "Content-Encoding", "gzip")
           ->{status}, 200, "and compressed");
    is_whole($zipped, "a.bin", $text);

    for (["without a label"], ["in two codings", "gzip, gzip"]) {
        my ($how, $label) = @$_;
        my $id = new_id();
        my $body = gzipped($envelope =~ s/\Q$zipped\E/$id/gr);

        $body = gzipped($body) if $label;
        is(post($nginx, $body, $label ? ("Content-Encoding", $label) : ())
               ->{status}, 200, "and $how");
        is_whole($id, "a.bin", $text);
    }

    is(stored("count()", "events"), 4, "each with its event, once");
    cmp_ok($nginx->metric("batches_spooled_total"), ">=", 4 * 100 / 17,
           "by way of the spool");
    is(post($nginx, gzipped(envelope("{}", event(), file("c", $block))),
            "Content-Encoding", "gzip")->{status}, 200,
       "a file without an event's id costs nothing else");
    is(post($nginx, substr(gzipped($envelope), 0, 10 * MIB),
            "Content-Encoding", "gzip")->{status}, 400,
       "a large body that is cut is refused");
    ok($nginx->quit, "QUIT ends nginx in good order");
    $nginx->no_alerts;
};


subtest "a spool without room refuses the whole request" => sub {
    $project = $PROJECT2;
    my $proxy = ET::Proxy->start("large-full");
    $proxy->mode("500");
    my $nginx = ET::Server->start("full", zone => "12m", ingest => $limits,
                                  via => $proxy,
                                  main => "errortracking_spool "
                                          . "$ET::DIR/full-spool 64m;");
    my $id = new_id();

    is(post($nginx, envelope("{\"event_id\":\"$id\"}", event(id => $id),
                             file("a.bin", $text)),
            "X-Sentry-Auth" => "Sentry sentry_key=$KEY2")->{status}, 503,
       "100 MB into 64 are refused");
    $proxy->mode("pass");
    is(post($nginx, envelope("{}", event()),
            "X-Sentry-Auth" => "Sentry sentry_key=$KEY2")->{status}, 200,
       "an event alone is accepted");
    ok(until_true(sub { stored("count()", "events") == 1 }), "and stored");
    is(stored("count()", "events", "event_id = '$id'"), 0,
       "nothing of the refused one's event is");
    ok($nginx->quit, "QUIT ends nginx in good order");
};


subtest "without a spool, files go through the zone" => sub {
    $project = $PROJECT;
    my $nginx = ET::Server->start("zone", zone => "40m", ingest => $limits);
    my $id = new_id();
    my $some = substr $text, 0, 5 * MIB;

    is(post($nginx, envelope("{\"event_id\":\"$id\"}", event(id => $id),
                             file("a.bin", $some)))->{status}, 200,
       "5 MB are accepted");
    is_whole($id, "a.bin", $some);
    ok($nginx->quit, "QUIT ends nginx in good order");
    $nginx->no_alerts;
};


done_testing();
