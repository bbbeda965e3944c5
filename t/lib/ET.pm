# What the suites under t/ share: where nginx, the module and ClickHouse are,
# ports and a folder for a suite's own nginx, the project and keys it sends
# with, events and envelopes to send, and questions to ClickHouse.
#
# Each run has a project id of its own, so suites share one ClickHouse.
# t/run sets the environment; without it a suite finds free ports itself, and
# uses the ClickHouse of CLICKHOUSE_URL, or of "make run".

package ET;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Compress::Deflate qw(deflate);
use IO::Compress::Gzip qw(gzip);
use IO::Compress::RawDeflate qw(rawdeflate);
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

our @EXPORT = qw($KEY $KEY2 $GLET $PROJECT $PROJECT2
                 sql until_true new_id event envelope store_auth
                 gzipped zlibbed rawdeflated chunked);

our $TOP = abs_path(dirname(__FILE__) . "/../..");
our $NGINX = $ENV{ET_NGINX} || "nginx";
our $MODULE = $ENV{ET_MODULE} // "$TOP/build/ngx_http_errortracking_module.so";
our $CLICKHOUSE = $ENV{CLICKHOUSE_URL} || "http://127.0.0.1:8123";
our $DIR = $ENV{ET_DIR} || tempdir(CLEANUP => 1);
our $PORT = $ENV{ET_PORT} || free_ports(3);

our $PROJECT = 1_000_000_000 + int(rand(2 ** 50));
our $PROJECT2 = $PROJECT + 1;

our $KEY = "0123456789abcdef0123456789abcdef";
our $KEY2 = "fedcba9876543210fedcba9876543210";      # of $PROJECT2 alone
our $GLET = "glet_0f1e2d3c4b5a69788796a5b4c3d2e1f0";  # of both

our $KEYS = "$DIR/keys";

$ENV{PATH} .= ":/usr/sbin:/sbin";

make_path($DIR);
write_file($KEYS, "# keys of a test\n"
           . "$PROJECT $KEY\n$PROJECT2 $KEY2\n"
           . "$PROJECT $GLET\n$PROJECT2 $GLET  # GitLab's form\n");


sub write_file {
    my ($name, $text) = @_;

    open my $fh, ">:raw", $name or die "open $name: $!";
    print $fh $text;
    close $fh or die "close $name: $!";
}


# The first of as many ports in a row that nobody listens on.
sub free_ports {
    my ($n) = @_;

    for (1 .. 1000) {
        my $first = 12000 + int(rand(20000));
        my @held = grep { defined } map {
            IO::Socket::INET->new(LocalAddr => "0.0.0.0", Listen => 1,
                                  LocalPort => $first + $_, Proto => "tcp")
        } 0 .. $n - 1;

        return $first if @held == $n;
    }

    die "no free ports\n";
}


# What ClickHouse answers, without the last newline.
sub sql {
    my ($query) = @_;
    my $answer = HTTP::Tiny->new(timeout => 30)->post("$CLICKHOUSE/",
                                                      { content => $query });

    die "ClickHouse: $answer->{status} $answer->{content}\n$query\n"
        unless $answer->{success};

    my $text = $answer->{content};
    $text =~ s/\n\z//;

    return $text;
}


# Waits until the condition holds, or so many seconds; its last value.
sub until_true(&;$) {
    my ($condition, $seconds) = @_;
    my $end = time() + ($seconds || 20);
    my $value;

    until ($value = $condition->()) {
        return $value if time() > $end;
        sleep 0.05;
    }

    return $value;
}


sub new_id {
    return join "", map { sprintf "%04x", int(rand(65536)) } 1 .. 8;
}


# An event's JSON, padded to a size where one is given.
sub event {
    my (%has) = @_;
    my $id = $has{id} || new_id();
    my $json = "{\"event_id\":\"$id\",\"platform\":\"other\""
               . ($has{more} ? ",$has{more}" : "")
               . ",\"message\":\"" . ($has{message} || "a test") . "\"";

    if ($has{size}) {
        my $pad = $has{size} - length($json)
                  - length(",\"modules\":{\"pad\":\"\"}}");
        die "an event can't be as small as $has{size} bytes\n" if $pad < 0;

        # a field that is not cut, in numbers that are no card's; no two
        # parts of it are alike: what is mixed up is seen
        my $text = join " ", map { "n" . $_ * 7919 } 1 .. $pad / 4 + 2;
        $json .= ",\"modules\":{\"pad\":\"" . substr($text, 0, $pad) . "\"}";
    }

    return "$json}";
}


# An envelope of items; an item is a payload of type event, or [type,
# payload].
sub envelope {
    my ($header, @items) = @_;
    my $text = $header || "{}";

    for (@items) {
        my ($type, $payload) = ref $_ ? @$_ : ("event", $_);
        $text .= sprintf "\n{\"type\":\"%s\",\"length\":%d}\n%s",
                         $type, length $payload, $payload;
    }

    return "$text\n";
}


sub store_auth {
    my ($key) = @_;

    return "X-Sentry-Auth: Sentry sentry_key=" . ($key || $KEY)
           . ", sentry_version=7";
}


# The same for the same text, whatever the time is.
sub gzipped {
    my ($text) = @_;
    my $out;

    gzip(\$text => \$out, Time => 0) or die "gzip";
    return $out;
}


sub zlibbed {
    my ($text) = @_;
    my $out;

    deflate(\$text => \$out) or die "deflate";
    return $out;
}


sub rawdeflated {
    my ($text) = @_;
    my $out;

    rawdeflate(\$text => \$out) or die "rawdeflate";
    return $out;
}


# The chunked coding of a body, in chunks of so many bytes.
sub chunked {
    my ($body, $size) = @_;
    my $out = "";

    for (my $i = 0; $i < length $body; $i += $size) {
        my $chunk = substr $body, $i, $size;
        $out .= sprintf "%x\r\n%s\r\n", length $chunk, $chunk;
    }

    return $out . "0\r\n\r\n";
}


1;
