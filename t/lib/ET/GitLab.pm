# GitLab, as far as it says which keys may write, and as it is told:
#
#     enabled, disabled          200 {"enabled":...}
#     401, 404, 422, 500, 302    that status
#     garbage                    200 and no JSON
#     cut                        200, its body cut short
#     close                      closes without an answer
#     hang                       never answers
#     delay=N MODE               MODE after N seconds
#
# It notes each request; stop() closes its port, start() opens it again.

package ET::GitLab;

use strict;
use warnings;

use ET;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep);

our $PATH = "/api/v4/internal/error_tracking/allowed";

my @running;


sub new {
    my ($class, $name) = @_;
    my $self = bless { dir => "$ET::DIR/$name.gitlab",
                       port => $ET::PORT + 2 }, $class;

    mkdir $self->{dir};
    $self->mode("enabled");
    push @running, $self;

    return $self->start;
}


sub start {
    my ($self) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64,
                                       LocalPort => $self->{port},
                                       ReuseAddr => 1)
        or die "listen: $@";

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        $SIG{CHLD} = "IGNORE";

        # who reads the test's output is not to wait for this
        open STDOUT, ">", "/dev/null";

        while (1) {
            my $client = $listen->accept or next;
            my $child = fork() // next;

            if ($child == 0) {
                close $listen;
                eval { $self->serve($client) };
                POSIX::_exit(0);
            }

            close $client;
        }
    }

    $self->{pid} = $pid;
    return $self;
}


sub stop {
    my ($self) = @_;

    kill "KILL", $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = 0;
}


sub mode {
    my ($self, $mode) = @_;

    # in one step, for those who read it just now
    ET::write_file("$self->{dir}/mode.new", $mode);
    rename "$self->{dir}/mode.new", "$self->{dir}/mode" or die "mode: $!";
}


sub serve {
    my ($self, $client) = @_;
    my $request = "";

    until ($request =~ /\r\n\r\n/ and length($request) >= $+[0] + (
               $request =~ /^Content-Length: (\d+)/mi ? $1 : 0))
    {
        sysread $client, $request, 65536, length $request or return;
    }

    open my $log, ">>", "$self->{dir}/requests" or die "requests: $!";
    $request =~ s/\r\n/|/g;
    syswrite $log, "$request\n";
    close $log;

    open my $fh, "<", "$self->{dir}/mode" or die "mode: $!";
    my $mode = <$fh>;

    sleep $1 if $mode =~ s/^delay=(\S+) //;

    if ($mode eq "hang") {
        1 while sysread $client, my $nothing, 1;
        return;
    }

    return if $mode eq "close";

    my $status = $mode =~ /^\d+$/ ? $mode : 200;
    my $body = $mode eq "enabled" ? '{"enabled":true}'
               : $mode eq "disabled" ? '{"enabled":false}'
               : $mode eq "garbage" ? "<html>" : '{"enabled":true}';
    my $length = length($body) + ($mode eq "cut" ? 10 : 0);

    syswrite $client, "HTTP/1.1 $status Status\r\nConnection: close\r\n"
                      . "Content-Type: application/json\r\n"
                      . ($status == 302 ? "Location: http://h/login\r\n" : "")
                      . "Content-Length: $length\r\n\r\n$body";
}


# What it was asked.
sub requests {
    my ($self) = @_;

    open my $fh, "<", "$self->{dir}/requests" or return;
    my @requests = <$fh>;
    chomp @requests;
    return @requests;
}


# How often it was asked about a key.
sub asked {
    my ($self, $key) = @_;

    return scalar grep { /\Q|public_key=$key&\E/ } $self->requests;
}


# For ET::Server: the directive's location.
sub location {
    my ($self) = @_;

    return <<"_EOC_";
        location = /gitlab {
            internal;
            proxy_pass http://127.0.0.1:$self->{port}$PATH;
            proxy_set_header Gitlab-Error-Tracking-Token "the token";
            proxy_connect_timeout 2s;
            proxy_read_timeout 2s;
        }
_EOC_
}


END {
    my $status = $?;

    $_->{pid} && $_->stop for @running;
    $? = $status;
}


1;
