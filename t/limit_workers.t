#!/usr/bin/perl
#
# Quotas are one for all workers, and outlive a reload, a changed number of
# workers and a worker that is killed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Server;
use POSIX ();
use Test::More;


# How many of so many events each of some clients at once are answered 200.
sub accepted {
    my ($nginx, $clients, $events, $project) = @_;

    my @pids;

    my @pipes = map {
        pipe(my $read, my $write) or die "pipe: $!";
        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            my $own = bless { %$nginx, http => HTTP::Tiny->new(
                timeout => 30, keep_alive => 0) }, ref $nginx;
            my $n = grep { $own->post(event(), $project) == 200 } 1 .. $events;

            syswrite $write, "$n\n";
            POSIX::_exit(0);
        }

        push @pids, $pid;
        close $write;
        $read;
    } 1 .. $clients;

    my $sum = 0;

    for my $pipe (@pipes) {
        $sum += <$pipe>;
    }

    waitpid $_, 0 for @pids;

    return $sum;
}


my $nginx = ET::Server->start("quota",
    ingest => "errortracking_limit project=1r/h burst=60;");

is(accepted($nginx, 4, 25, $PROJECT), 60,
   "two workers together take the burst, and no more");
is($nginx->post(event()), 429, "then it is used up");

ok($nginx->reload, "after a reload");
is($nginx->post(event()), 429, "it is still");

$nginx->configure(workers => 3);
ok($nginx->reload, "and with another number of workers");
is($nginx->post(event()), 429, "it is, too");

# one of the old workers may be on its way out, and not die of the kill
until_true { my @now = $nginx->workers; @now == 3 };

my ($worker) = $nginx->workers;
kill "KILL", $worker;
until_true { my @now = $nginx->workers; @now == 3 && !grep { $_ == $worker } @now };
is($nginx->post(event()), 429, "and after a worker was killed");

is($nginx->post(event(), $PROJECT2, $KEY2), 200, "another project has its own");

$nginx->configure(ingest => "errortracking_limit project=2r/h;");
ok($nginx->reload, "with another rate");
my $refused = 44;
ok((until_true { $nginx->post(event()) == 200 or !++$refused }),
   "it begins anew, once the old workers are gone");

ok($nginx->drained, "the zone drains");
is(sql("SELECT sum(n) FROM errortracking.events WHERE project_id = $PROJECT"),
   61, "what was accepted is stored, and nothing else");
until_true { sql("SELECT sum(n) FROM errortracking.outcomes WHERE project_id = "
                 . "$PROJECT AND outcome = 'rate_limited'") eq $refused };
is(sql("SELECT sum(n) FROM errortracking.outcomes WHERE project_id = $PROJECT "
       . "AND outcome = 'rate_limited'"), $refused, "what was refused is counted");
ok($nginx->quit, "QUIT ends nginx in good order");
like(join("\n", grep { /\[alert\]/ } split /\n/, $nginx->log),
     qr/^[^\n]*$worker exited on signal 9[^\n]*$/, "no alert but the kill's");

done_testing();
