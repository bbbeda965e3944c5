# What stands between nginx and ClickHouse and fails in the way it is told:
#
#     pass       hands the request on and the answer back
#     500        answers 500, ClickHouse sees nothing
#     close      closes without an answer, ClickHouse sees nothing
#     not        answers 200 by itself, as any server would
#     lose       hands the request on, closes without an answer
#     cut        hands the request on, cuts the answer's body short
#     delay=N    hands the request on, and the answer back N seconds later
#
# Questions are handed on, whatever it is told, unless it has questions => 1.
#
# It notes each request, so that a test can tell what was sent again.

package ET::Proxy;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use ET;
use IO::Socket::INET;
use Time::HiRes qw(sleep);

my @running;


sub start {
    my ($class, $name, %has) = @_;
    my $self = bless { dir => "$ET::DIR/$name.proxy", %has }, $class;

    mkdir $self->{dir};
    $self->mode("pass");

    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64,
                                       LocalPort => $ET::PORT + 1,
                                       ReuseAddr => 1)
        or die "listen: $@";

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        $SIG{CHLD} = "IGNORE";
        $SIG{TERM} = sub { require POSIX; POSIX::_exit(0) };

        while (1) {
            my $client = $listen->accept or next;
            my $child = fork() // next;

            if ($child == 0) {
                eval { $self->serve($client) };
                require POSIX;
                POSIX::_exit(0);
            }
        }
    }

    $self->{pid} = $pid;
    push @running, $self;

    return $self;
}


sub url {
    return "http://127.0.0.1:" . ($ET::PORT + 1);
}


# The mode holds for requests that come from now on.
sub mode {
    my ($self, $mode) = @_;

    ET::write_file("$self->{dir}/mode.new", $mode);
    rename "$self->{dir}/mode.new", "$self->{dir}/mode" or die "rename: $!";
}


# What has come, as [{ mode, token, md5, length }, ...].
sub requests {
    my ($self) = @_;

    open my $fh, "<", "$self->{dir}/log" or return;

    return map { my %r; @r{qw(mode token md5 length)} = split; \%r } <$fh>;
}


sub serve {
    my ($self, $client) = @_;
    my ($head, $body) = ("", "");

    while ($head !~ /\r\n\r\n/) {
        sysread $client, $head, 65536, length $head or return;
    }

    ($head, $body) = $head =~ /\A(.*?\r\n\r\n)(.*)\z/s;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    while (length $body < $length) {
        sysread $client, $body, 1 << 20, length $body or return;
    }

    my $mode = slurp("$self->{dir}/mode");
    my ($token) = $head =~ /insert_deduplication_token=([\w-]+)/;

    # a question, not a batch
    if (!defined $token && !$self->{questions}) {
        print $client forward($head . $body);
        close $client;
        return;
    }

    open my $log, ">>", "$self->{dir}/log" or die "log: $!";
    syswrite $log, "$mode " . ($token // "-") . " " . md5_hex($body) . " $length\n";
    close $log;

    if ($mode eq "500") {
        print $client "HTTP/1.1 500 Internal Server Error\r\n"
                      . "Content-Length: 4\r\nConnection: close\r\n\r\noops";

    } elsif ($mode eq "not") {
        print $client "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                      . "Connection: close\r\n\r\nyes";

    } elsif ($mode ne "close") {
        my $answer = forward($head . $body);

        $answer =~ s/\r\n\r\n/\r\nConnection: close\r\n\r\n/;

        if ($mode eq "cut") {
            $answer =~ s/\r\n\r\n.*/\r\n\r\nwh/s;
            $answer =~ s/\r\n(?:Content-Length|Transfer-Encoding): [^\r]*//gi;
            $answer =~ s/\r\n\r\n/\r\nContent-Length: 20\r\n\r\n/;
        }

        sleep $1 if $mode =~ /^delay=([\d.]+)/;
        print $client $answer if $mode ne "lose";
    }

    close $client;
}


sub forward {
    my ($request) = @_;
    my ($address) = $ET::CLICKHOUSE =~ m{^http://([^/]+)};
    my $server = IO::Socket::INET->new(PeerAddr => $address)
        or return "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";

    $request =~ s/\r\n(?:Connection|Host): [^\r]*//gi;
    $request =~ s/\r\n/\r\nHost: $address\r\nConnection: close\r\n/;
    print $server $request;

    local $/;
    return <$server>;
}


sub slurp {
    my ($name) = @_;

    open my $fh, "<", $name or die "open $name: $!";
    local $/;
    return <$fh>;
}


END {
    my $status = $?;

    for (@running) {
        kill "TERM", $_->{pid};
        waitpid $_->{pid}, 0;
    }

    $? = $status;
}


1;
