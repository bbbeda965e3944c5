#!/usr/bin/perl
#
# Keys that GitLab is asked about: every answer of it, what is kept of them,
# who waits for whom, and GitLab slow, down and back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw(md5_hex);
use ET;
use ET::GitLab;
use ET::Server;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $gitlab = ET::GitLab->new("gitlab");
my $nginx = ET::Server->start("gitlab", locations => $gitlab->location,
    ingest => "errortracking_gitlab /gitlab yes=1h no=1h;");

my $number = 0;

# a key that nobody has asked about
sub key {
    return sprintf "glet_%032x", ++$number;
}

sub hold {
    my ($yes, $no) = @_;

    $nginx->configure(ingest =>
        "errortracking_gitlab /gitlab yes=$yes no=$no;");
    ok($nginx->reload, "with yes=$yes and no=$no");
    until_true { $nginx->{workers} == $nginx->workers };

    # its connection was to a worker that is gone
    $nginx->{http} = HTTP::Tiny->new(timeout => 30);
}

# in as many connections, all of which are sent before any is answered
sub at_once {
    my ($n, $request) = @_;
    my @sockets = map {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $ET::PORT)
            or die "connect: $@";
        syswrite $socket, $request;
        $socket;
    } 1 .. $n;

    return map { answer($_) } @sockets;
}

sub answer {
    my ($socket) = @_;
    my $answer = "";

    while ($answer !~ /\r\n\r\n.*\}\z/s
           && IO::Select->new($socket)->can_read(20)
           && sysread $socket, $answer, 65536, length $answer)
    {
        # more
    }

    return $answer =~ m{^HTTP/1.1 (\d+)} ? $1 : $answer;
}

sub store {
    my ($key, $body) = @_;
    $body //= event();

    return "POST /api/$PROJECT/store/ HTTP/1.1\r\nHost: h\r\n"
           . store_auth($key) . "\r\nContent-Length: " . length($body)
           . "\r\n\r\n$body";
}

# without a key but in its dsn
sub in_dsn {
    my ($key, %has) = @_;
    my $body = envelope("{\"dsn\":\"https://$key\@h/$PROJECT\"}",
                        $has{event} // event(size => $has{size}));

    $body = gzipped($body) if $has{gzip};

    return "POST /api/$PROJECT/envelope/ HTTP/1.1\r\nHost: h\r\n"
           . ($has{gzip} ? "Content-Encoding: gzip\r\n" : "")
           . "Content-Length: " . length($body) . "\r\n\r\n$body";
}


subtest "a key that is enabled opens its project" => sub {
    my $key = key();

    is($nginx->post(event(), $PROJECT, $key), 200, "it is let in");

    my ($request) = $gitlab->requests;
    like($request, qr/^POST \Q$ET::GitLab::PATH\E HTTP/, "GitLab was asked");
    like($request, qr/\|Gitlab-Error-Tracking-Token: the token\|/,
         "with the token");
    like($request, qr/\|Content-Type: application\/x-www-form-urlencoded\|/,
         "by a form");
    like($request, qr/\|\|public_key=$key&project_id=$PROJECT$/,
         "about key and project");

    is($nginx->post(event(), $PROJECT, $key), 200, "and again") for 1 .. 5;
    is($gitlab->asked($key), 1, "it was asked once");
    is($nginx->post(event(), $PROJECT2, $key), 200, "another project");
    is($gitlab->asked($key), 2, "is another question");
    is($nginx->metric("gitlab_requests_total", answer => "enabled"), 2,
       "both are counted");
    is($nginx->metric("gitlab_lookups_total", cache => "hit"), 5, "and hits");
    is($nginx->metric("gitlab_lookups_total", cache => "miss"), 2,
       "and misses");
};


subtest "GitLab's word is one of several" => sub {
    my $before = $gitlab->requests;

    $gitlab->mode("disabled");
    is($nginx->post(event()), 200, "a key of the keys file is let in");
    is(scalar $gitlab->requests, $before, "and GitLab is not asked");

    my $answer = $nginx->send(event(), $PROJECT, $KEY2);
    is($answer->{status}, 403, "one of another project is not");
    like($answer->{content}, qr/wrong_project/, "which is said");
    is($gitlab->asked($KEY2), 1, "once GitLab was asked");
};


for my $mode ("disabled", "404", "422") {
    subtest "$mode is a no, and kept" => sub {
        my $key = key();

        $gitlab->mode($mode);

        for (1 .. 3) {
            my $answer = $nginx->send(event(), $PROJECT, $key);
            is($answer->{status}, 403, "it is refused");
            like($answer->{content}, qr/unknown_key/, "which is said");
        }

        is($gitlab->asked($key), 1, "GitLab was asked once");
    };
}


subtest "answers outlive a reload" => sub {
    my ($yes, $no) = (key(), key());

    $gitlab->mode("enabled");
    is($nginx->post(event(), $PROJECT, $yes), 200, "a yes");
    $gitlab->mode("disabled");
    is($nginx->post(event(), $PROJECT, $no), 403, "a no");

    hold("1h", "2h");
    is($nginx->post(event(), $PROJECT, $yes), 200, "is a yes");
    is($nginx->post(event(), $PROJECT, $no), 403, "is a no");
    is($gitlab->asked($yes) + $gitlab->asked($no), 2, "asked once each");
};


for my $mode ("401", "500", "302", "garbage", "cut", "close", "hang", "down") {
    subtest "$mode says nothing of the key" => sub {
        my ($old, $new) = (key(), key());

        hold("1s", "1s");
        $gitlab->mode("enabled");
        is((until_true { my $status = $nginx->post(event(), $PROJECT, $old);
                         $status == 200 && $status }), 200, "one is let in");

        my $asked = $gitlab->asked($old);
        $mode eq "down" ? $gitlab->stop : $gitlab->mode($mode);

        my $answer = $nginx->send(event(), $PROJECT, $new);
        is($answer->{status}, 503, "a new one has to come again");
        like($answer->{content}, qr/key_not_checked/, "which is said");
        ok($answer->{headers}{"retry-after"}, "and when");

        my $end = time() + 2;
        my @answers;

        while (time() < $end) {
            push @answers, $nginx->post(event(), $PROJECT, $old);
            sleep 0.1;
        }

        is(join(" ", grep { $_ != 200 } @answers), "",
           "the other is let in, beyond its time");

        my @lines = grep { /\[error\].*errortracking_gitlab/ }
                    split /\n/, $nginx->log;
        my $log = join "\n", @lines;

        $mode eq "down" ? $gitlab->start : $gitlab->mode("enabled");
        $gitlab->mode("enabled");
        is((until_true { my $status = $nginx->post(event(), $PROJECT, $new);
                         $status == 200 && $status }), 200,
           "when GitLab is back, so is the new one");
        like($nginx->log, qr/\[notice\].*errortracking_gitlab "\/gitlab" answers again/,
             "which is logged");

        if ($mode eq "401") {
            like($log, qr/GitLab refuses the token/, "the log says why");
            cmp_ok(scalar(@lines), "<=", 2, "once for each worker");
            cmp_ok($nginx->metric("gitlab_requests_total",
                                  answer => "unauthorized"), ">", 0,
                   "and it is counted");
        }
    };
}


subtest "a no is asked about again when its time is over" => sub {
    my $key = key();

    hold("1h", "1s");
    $gitlab->mode("disabled");
    is($nginx->post(event(), $PROJECT, $key), 403, "it is refused");
    $gitlab->mode("enabled");
    ok((until_true { $nginx->post(event(), $PROJECT, $key) == 200 }),
       "and let in later");
};


subtest "so is a yes" => sub {
    my $key = key();

    hold("1s", "1h");
    is($nginx->post(event(), $PROJECT, $key), 200, "it is let in");
    $gitlab->mode("disabled");
    ok((until_true { $nginx->post(event(), $PROJECT, $key) == 403 }),
       "and refused later");
};


subtest "a worker asks once about a key, and all wait for that" => sub {
    my ($key, $dsn) = (key(), key());

    $nginx->configure(workers => 1);
    hold("1h", "1h");
    $gitlab->mode("delay=1 enabled");

    is(join(" ", at_once(20, store($key))), join(" ", (200) x 20),
       "twenty are let in");
    is($gitlab->asked($key), 1, "by one question");

    is(join(" ", at_once(20, in_dsn($dsn, size => 30_000))),
       join(" ", (200) x 20), "twenty whose key is in the envelope's dsn");
    is($gitlab->asked($dsn), 1, "by one question");

    $gitlab->mode("delay=1 disabled");
    is(join(" ", at_once(5, store(key()))), join(" ", (403) x 5),
       "five are refused");
};


subtest "all workers together ask once about a key" => sub {
    my %workers;

    $nginx->configure(workers => 4, listen => "reuseport");
    hold("1h", "1s");
    $gitlab->mode("delay=1 enabled");

    for my $key (key(), key(), key()) {
        is(join(" ", at_once(40, store($key))), join(" ", (200) x 40),
           "forty are let in");
        is($gitlab->asked($key), 1, "by one question");
    }

    my $key = key();
    $gitlab->mode("delay=1 disabled");
    is(join(" ", at_once(40, in_dsn($key))), join(" ", (403) x 40),
       "forty whose key is in the envelope's dsn are refused");
    is($gitlab->asked($key), 1, "by one question");

    # the lookups that waited were of more than one worker
    $workers{$_}++ for $nginx->log
                       =~ /\[info\] (\d+)#\d+: .*unknown or disabled/g;
    cmp_ok(scalar keys %workers, ">", 1, "each of them asked for");

    $key = key();
    $gitlab->mode("delay=1 500");
    is(join(" ", at_once(40, store($key))), join(" ", (503) x 40),
       "forty wait for an answer that does not come");
    is($gitlab->asked($key), 1, "once, and not each again");
    $gitlab->mode("enabled");
    ok((until_true { $nginx->post(event(), $PROJECT, $key) == 200 }),
       "until they come again");

    $nginx->configure(workers => 1, listen => "");
};


subtest "a body waits, whatever is read meanwhile" => sub {
    my ($gzip, $plain) = (key(), key());
    my %events = map { my $id = new_id();
                       ($id => event(id => $id, message => "x" x $_)) } 7000, 8000;
    my @bodies = values %events;

    $gitlab->mode("delay=1 enabled");

    my @sockets = map {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $ET::PORT) or die;
        syswrite $socket, $_;
        $socket;
    } in_dsn($gzip, gzip => 1, event => $bodies[0]),
      in_dsn($plain, event => $bodies[1]);

    is($nginx->post(event(size => $_ * 1000)), 200, "another is read")
        for 1 .. 5;

    is(answer($_), 200, "it is let in") for @sockets;
    ok($nginx->drained, "the zone drains");
    is(sql("SELECT length(payload), lower(hex(MD5(payload))) "
           . "FROM errortracking.events WHERE project_id = $PROJECT "
           . "AND event_id = toUUID('$_')"),
       length($events{$_}) . "\t" . md5_hex($events{$_}), "and stored whole")
        for keys %events;
};


subtest "who goes away meanwhile is no trouble, and the answer is kept" => sub {
    my ($key, $dsn) = (key(), key());

    $gitlab->mode("delay=0.5 enabled");

    for (store($key), in_dsn($dsn)) {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $ET::PORT) or die;
        syswrite $socket, $_;
        sleep 0.1;
        close $socket;
    }

    ok((until_true { $gitlab->asked($key) && $gitlab->asked($dsn) }), "asked");
    is($nginx->post(event(), $PROJECT, $_), 200, "let in") for $key, $dsn;
    is($gitlab->asked($key) + $gitlab->asked($dsn), 2, "and not asked again");
};


subtest "a yes is renewed before its time is over, and nobody waits" => sub {
    my $key = key();

    hold("4s", "1s");
    $gitlab->mode("enabled");
    is($nginx->post(event(), $PROJECT, $key), 200, "let in");
    $gitlab->mode("delay=0.5 enabled");

    my $slowest = 0;
    my $end = time() + 5;

    while (time() < $end) {
        my $begin = time();
        $nginx->post(event(), $PROJECT, $key) == 200 or fail("refused");
        $slowest = time() - $begin if time() - $begin > $slowest;
        sleep 0.05;
    }

    cmp_ok($gitlab->asked($key), ">=", 2, "asked again");
    cmp_ok($slowest, "<", 0.5, "the slowest did not wait for that");
};


subtest "nginx ends while GitLab hangs" => sub {
    $gitlab->mode("hang");

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $ET::PORT) or die;
    syswrite $socket, store(key());
    sleep 0.2;

    ok($nginx->quit, "QUIT ends it in good order");
    is(answer($socket), 503, "and the one that waited was answered");
    $nginx->no_alerts;
};


subtest "who was killed while it asked keeps the others waiting for a moment" => sub {
    my $key = key();
    my $nginx = ET::Server->start("killed", locations => $gitlab->location,
                                  ingest => "errortracking_gitlab /gitlab;");

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $ET::PORT) or die;
    syswrite $socket, store($key);
    ok((until_true { $gitlab->asked($key) }), "it was asked");

    kill "KILL", $nginx->workers;
    $gitlab->mode("enabled");
    ok((until_true { $nginx->post(event(), $PROJECT, $key) == 200 }),
       "and is asked again by another");
    is($gitlab->asked($key), 2, "once");
    ok($nginx->quit, "QUIT ends it");
};


subtest "wrong configurations" => sub {
    for (["errortracking_gitlab gitlab;", qr/invalid "gitlab", "errortracking_gitlab" needs the path of a location/],
         ["errortracking_gitlab /gitlab yes=0;", qr/invalid parameter "yes=0", it has to be "yes=" or "no=" and a time from 1s to 1d/],
         ["errortracking_gitlab /gitlab maybe=5s;", qr/invalid parameter "maybe=5s"/],
         ["errortracking_gitlab /gitlab; errortracking_gitlab /g;", qr/directive is duplicate/])
    {
        my ($ingest, $message) = @$_;

        $nginx->configure(ingest => $ingest);
        like(`$ET::NGINX -t -p $nginx->{dir} -c $nginx->{dir}/nginx.conf -e stderr 2>&1`,
             $message, $ingest);
    }
};


done_testing();
