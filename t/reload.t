#!/usr/bin/perl
#
# Reloads under load: clients that keep a ledger of what they were answered
# 200 to, two workers, several reloads.  At the end ClickHouse has each event
# of the ledger once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Proxy;
use ET::Server;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $CLIENTS = 4;
my $proxy = ET::Proxy->start("proxy");


# Posts until the file "stop" is there, in connections that are kept; the
# ledger has a line for each event: its status and its id.  599: nobody knows,
# the connection was closed.
sub client {
    my ($nginx, $number, $project) = @_;
    my $connection;

    srand($$);
    $SIG{PIPE} = "IGNORE";
    open my $ledger, ">", "$nginx->{dir}/ledger.$number" or die "ledger: $!";

    until (-e "$nginx->{dir}/stop") {
        my $id = new_id();
        my $event = event(id => $id, size => rand() < 0.05 ? 100_000 : 1000);

        $connection ||= IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                              PeerPort => $ET::PORT)
            or die "connect: $@";

        my ($status, $keep) = ask($connection,
            "POST /api/$project/store/ HTTP/1.1\r\nHost: h\r\n"
            . store_auth() . "\r\nContent-Length: " . length($event)
            . "\r\n\r\n$event");

        print $ledger "$status $id\n";
        undef $connection if !$keep;
        sleep 0.002;
    }

    close $ledger or die "ledger: $!";
}


# In one write, so that no part waits for the acknowledgement of another.
sub ask {
    my ($connection, $request) = @_;
    my $answer = "";

    for (my $n = 0; $n < length $request; ) {
        $n += syswrite($connection, $request, length($request) - $n, $n)
              || return 599, 0;
    }

    until ($answer =~ /\r\n\r\n.*\}\z/s) {
        sysread($connection, $answer, 65536, length $answer)
            or return 599, 0;
    }

    my ($status) = $answer =~ m{^HTTP/1\.1 (\d+)};

    return $status, $answer !~ /^Connection: close/mi;
}


sub under_load {
    my ($name, $project, $work, %has) = @_;
    my $nginx = ET::Server->start($name, zone => "64m", %has);

    my @clients = map {
        my $number = $_;
        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            eval { client($nginx, $number, $project); 1 } or POSIX::_exit(1);
            POSIX::_exit(0);
        }

        $pid;
    } 1 .. $CLIENTS;

    $work->($nginx);
    ET::write_file("$nginx->{dir}/stop", "");

    my $bad = 0;
    waitpid($_, 0), $bad += $? != 0 for @clients;
    is($bad, 0, "the clients end well");

    my (%answers, %accepted);

    for my $number (1 .. $CLIENTS) {
        open my $ledger, "<", "$nginx->{dir}/ledger.$number" or die "ledger: $!";

        while (<$ledger>) {
            my ($status, $id) = split;
            $answers{$status}++;
            $accepted{$id} = 1 if $status == 200;
        }
    }

    note join ", ", map { "$_: $answers{$_}" } sort keys %answers;
    cmp_ok($answers{200} // 0, ">", 200, "hundreds were accepted");
    is(join(" ", grep { !/^(200|599)$/ } keys %answers), "",
       "no request is refused");

    $nginx->{http} = HTTP::Tiny->new(timeout => 30);
    ok($nginx->drained, "the zone drains");
    until_true { $nginx->{workers} == scalar $nginx->workers } 30;
    ok($nginx->quit, "QUIT ends nginx in good order");

    my %stored = map { split /\t/ } split /\n/,
        sql("SELECT replaceAll(toString(event_id), '-', ''), sum(n) "
            . "FROM errortracking.events WHERE project_id = $project "
            . "GROUP BY event_id");

    is(scalar(grep { !$stored{$_} } keys %accepted), 0,
       "nothing that was accepted is lost");
    is(scalar(grep { $stored{$_} != 1 } keys %stored), 0,
       "nothing is stored twice");
    cmp_ok(scalar(grep { !$accepted{$_} } keys %stored), "<=",
           $answers{599} // 0, "nothing is stored that nobody sent");
    until_true { sql("SELECT sum(n) FROM errortracking.errors_list "
                     . "WHERE project_id = $project") >= keys %stored };
    is(sql("SELECT sum(n) FROM errortracking.errors_list "
           . "WHERE project_id = $project"), scalar keys %stored,
       "and the errors are counted the same");
    $nginx->no_alerts;
}


subtest "reloads under load lose nothing and double nothing" => sub {
    under_load("reload", $PROJECT, sub {
        my ($nginx) = @_;

        for (1 .. 5) {
            sleep 0.7;
            ok($nginx->reload, "reload $_");
        }

        sleep 0.5;
    });
};


subtest "nor do reloads that change the number of workers" => sub {
    ET::write_file($ET::KEYS, "$PROJECT2 $KEY\n");

    under_load("workers", $PROJECT2, sub {
        my ($nginx) = @_;

        for (3, 1, 2) {
            sleep 0.7;
            $nginx->configure(workers => $_);
            ok($nginx->reload, "reload with $_ workers");
        }

        sleep 0.5;
    });
};


subtest "nor do reloads while ClickHouse is slow and loses answers" => sub {
    my $project = $PROJECT2 + 1;

    ET::write_file($ET::KEYS, "$project $KEY\n");

    under_load("slow", $project, sub {
        my ($nginx) = @_;

        for my $mode ("delay=0.7", "lose", "delay=0.3", "pass") {
            $proxy->mode($mode);
            sleep 0.7;
            ok($nginx->reload, "reload, $mode");
        }

        sleep 0.5;
    }, via => $proxy);
};


subtest "worker_shutdown_timeout ends a worker that waits for ClickHouse" => sub {
    my $nginx;

    for my $signal ("HUP", "QUIT") {
        my $project = $PROJECT2 + ($signal eq "HUP" ? 100 : 200);
        my $keys = "$ET::DIR/keys.$signal";
        ET::write_file($keys, "$project $KEY\n");

        my $dir = "$ET::DIR/shutdown-$signal";
        my %has = (via => $proxy, global => "worker_shutdown_timeout 500ms;",
                   keys => $keys,
                   main => "errortracking_exit_timeout 30s; "
                           . "errortracking_spool $dir/spool 64m;");

        $nginx = ET::Server->start("shutdown-$signal", %has);

        my $before = () = $proxy->requests;
        $proxy->mode("delay=20");
        is($nginx->post(event(), $project), 200, "$signal: an event");
        ok(until_true(sub { $before < (() = $proxy->requests) }),
           "$signal: it is on its way");

        my $begin = time;

        if ($signal eq "HUP") {
            my @old = $nginx->workers;
            $nginx->reload;
            $proxy->mode("pass");
            ok(until_true(sub { !grep { kill 0, $_ } @old }),
               "$signal: the old workers end");

        } else {
            ok($nginx->quit, "$signal: it ends in good order");
            ok(scalar(glob("$dir/spool/t/*.batch")),
               "$signal: what is left is in the spool");
            $proxy->mode("pass");
            $nginx = ET::Server->start("shutdown-$signal", %has);
        }

        cmp_ok(time - $begin, "<", 10, "$signal: before ClickHouse answers");

        ok($nginx->drained, "$signal: what it had is sent");
        ok(until_true(sub { sql("SELECT count() FROM errortracking.events "
                                . "WHERE project_id = $project") == 1 }),
           "$signal: and is stored once");
        ok($nginx->quit, "$signal: QUIT ends nginx in good order");
        $nginx->no_alerts;
    }
};


done_testing();
