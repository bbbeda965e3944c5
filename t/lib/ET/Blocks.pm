# Test::Nginx for this module: to be used before Test::Nginx::Socket, whose
# environment it sets, and set up after it.
#
# What a block need not say:
#
#     --- http_config   the zone "t", and the way to ClickHouse with a server
#                       of its own; what a block says is put behind that
#     --- config        an ingest location at /, with a keys file; the pages
#                       /metrics and /status
#     --- more_headers  the key's
#     --- no_error_log  [alert], [crit], [emerg] and the sanitizers' reports
#
# and what it may say besides:
#
#     --- zone          size and parameters of the zone: 12m
#     --- flush         parameters of the flush: interval=50ms
#     --- ingest        more directives of the ingest location
#     --- bare          no http_config and config but the block's own
#     --- stored        payloads (one, or a list with one for each request)
#                       that ClickHouse has to have under the answer's id
#     --- then          code that is run after the (last) answer, while nginx
#                       still runs
#     --- wrong         the configuration is wrong; the message: all of it up to
#                       the place, as a pattern
#     --- at            what the line of that place has to hold
#
# In texts $PROJECT, $PROJECT2, $KEY, $KEY2 and $GLET stand for those of ET.

package ET::Blocks;

use strict;
use warnings;

use ET;
use Digest::MD5 qw(md5_hex);
use Test::More ();

BEGIN {
    $ENV{TEST_NGINX_PORT} = $ET::PORT;
    $ENV{TEST_NGINX_SERVROOT} ||= "$ET::DIR/servroot";
    $ENV{TEST_NGINX_BINARY} = $ET::NGINX;
    $ENV{TEST_NGINX_LOAD_MODULES} = $ET::MODULE;
    $ENV{TEST_NGINX_LOG_LEVEL} ||= "info";
    $ENV{TEST_NGINX_TIMEOUT} ||= 20;

    $ENV{TEST_NGINX_KEYS} = $ET::KEYS;
    $ENV{TEST_NGINX_CLICKHOUSE} = $ET::CLICKHOUSE;
    $ENV{TEST_NGINX_FLUSH_PORT} = $ET::PORT + 1;
}

our $HTTP_CONFIG = <<'_EOC_';
    errortracking_zone t $ZONE;
    client_body_temp_path $TEST_NGINX_SERVROOT/client_body_temp;

    server {
        listen 127.0.0.1:$TEST_NGINX_FLUSH_PORT;

        location = /clickhouse {
            internal;
            errortracking_flush zone=t $FLUSH;
            proxy_pass $TEST_NGINX_CLICKHOUSE/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
_EOC_

our $CONFIG = <<'_EOC_';
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_KEYS;
            $INGEST
        }
_EOC_

our $PAGES = <<'_EOC_';
        location = /metrics { errortracking_status prometheus; }
        location = /status  { errortracking_status; }
_EOC_

my %values = (PROJECT => $PROJECT, PROJECT2 => $PROJECT2, KEY => $KEY,
              KEY2 => $KEY2, GLET => $GLET);


sub setup {
    Test::Nginx::Socket::no_root_location();
    Test::Nginx::Socket::no_long_string();
    Test::Nginx::Socket::add_block_preprocessor(\&preprocess);
    Test::Nginx::Socket::add_response_body_check(\&check);
    Test::Nginx::Socket::add_test_cleanup_handler(\&place);

    # a wrong configuration is told on nginx's standard error, too; what fails
    # is still seen, because Test::More has kept that for itself
    open STDERR, ">", "$ET::DIR/stderr" or die "stderr: $!";
}


sub text {
    my ($block, $name, $default) = @_;
    my $value = defined $block->$name ? $block->$name : $default;

    $value =~ s/\s+\z// if defined $value && !ref $value;

    return $value;
}


sub expand {
    my ($value) = @_;

    if (ref $value eq "ARRAY") {
        return [map { expand($_) } @$value];
    }

    if (ref $value eq "HASH") {
        return { %$value, value => expand($value->{value}) };
    }

    if (defined $value && !ref $value) {
        $value =~ s/\$(PROJECT2|PROJECT|KEY2|KEY|GLET)\b/$values{$1}/g;
    }

    return $value;
}


sub preprocess {
    my ($block) = @_;

    if (!defined $block->bare) {
        my $zone = text($block, "zone", "12m");
        my $flush = text($block, "flush", "interval=50ms");
        my $ingest = text($block, "ingest", "");
        my $http = $HTTP_CONFIG;
        my $config = text($block, "config", $CONFIG) . "\n$PAGES";

        $http =~ s/\$ZONE/$zone/;
        $http =~ s/\$FLUSH/$flush/;
        $config =~ s/\$INGEST/$ingest/;

        $block->set_value("http_config",
                          $http . text($block, "http_config", ""));
        $block->set_value("config", $config);
    }

    if (defined $block->wrong) {
        my $wrong = text($block, "wrong");

        $block->set_value("must_die", 1);
        $block->set_value("request", "GET /");
        $block->set_value("error_log", qr/\[emerg\] .*$wrong in /);
    }

    if (!defined $block->more_headers) {
        $block->set_value("more_headers", store_auth());
    }

    for my $name (qw(config http_config user_files request raw_request more_headers
                     pipelined_requests response_body response_headers
                     response_body_like error_log))
    {
        $block->set_value($name, expand($block->$name))
            if defined $block->$name;
    }

    lengths($block);

    my $none = $block->no_error_log;
    my @none = !defined $none ? () : ref $none eq "ARRAY" ? @$none
               : ref $none ? $none : split /\n+/, $none;

    push @none, "[alert]", "[crit]", qr/Sanitizer|runtime error:/;
    push @none, "[emerg]" unless defined $block->must_die;

    $block->set_value("no_error_log", \@none);
}


# Test::Nginx does not count white space at a body's ends, which the last byte
# of something compressed may happen to be.
sub lengths {
    my ($block) = @_;
    my @requests = grep { defined } ref $block->request eq "ARRAY"
                   ? @{ $block->request } : $block->request;
    my $headers = $block->more_headers;
    my @headers = ref $headers ? @$headers : ($headers) x @requests;
    my $changed;

    for my $i (0 .. $#requests) {
        my ($body) = ref $requests[$i] ? () : $requests[$i] =~ /\n(.*)\z/s;

        next unless defined $body && $body =~ /\A\s|\s\z/
                    && $body =~ /[^\t\r\n -~]/
                    && $headers[$i] !~ /^(?:Content-Length|Transfer-Encoding):/mi;

        $headers[$i] =~ s/\s*\z/"\nContent-Length: " . length($body)/e;
        $changed = 1;
    }

    $block->set_value("more_headers",
                      ref $block->request ? \@headers : $headers[0])
        if $changed;
}


# Of every answer, while nginx runs.
sub check {
    my ($block, $body, $index) = @_;
    my $name = $block->name;

    if (defined $block->stored) {
        my $stored = $block->stored;
        my $payload = ref $stored ? $stored->[$index] : $stored;

        stored($name, $body, $payload) if defined $payload;
    }

    if (defined $block->then) {
        my $requests = $block->pipelined_requests || $block->request;

        if ($index == (ref $requests ? $#$requests : 0)) {
            eval "package main; " . $block->then . "; 1"
                or Test::More::fail("$name - then: $@");
        }
    }
}


sub stored {
    my ($name, $body, $payload) = @_;
    my ($id) = ($body // "") =~ /"id":"([0-9a-f]{32})"/;

    if (!$id) {
        Test::More::fail("$name - the answer has an id");
        return;
    }

    my $found = until_true {
        sql("SELECT n, payload FROM errortracking.events WHERE "
            . "project_id IN ($PROJECT, $PROJECT2) "
            . "AND event_id = toUUID('$id') FORMAT RawBLOB")
    };

    $found = sql("SELECT lower(hex(MD5(payload))), n "
                 . "FROM errortracking.events WHERE project_id IN "
                 . "($PROJECT, $PROJECT2) AND event_id = toUUID('$id')");

    Test::More::is($found, md5_hex($payload) . "\t1",
                   "$name - ClickHouse has the event once, as it was sent");
}


# Where nginx says that it is wrong, there it is.
sub place {
    my ($block) = @_;

    return unless defined $block->wrong;

    my $name = $block->name;
    my $wrong = text($block, "wrong");
    my $at = text($block, "at");
    my ($file, $line) = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log")
                        =~ m{\[emerg\] .*$wrong in (/\S+):(\d+)$}m;

    if (!defined $at) {
        Test::More::fail("$name - the block says where");

    } elsif (!defined $line) {
        Test::More::fail("$name - the message ends with the file and the line");

    } else {
        Test::More::like((split /\n/, slurp($file))[$line - 1] // "",
                         qr/\Q$at\E/,
                         "$name - $line is the line that is wrong");
    }
}


sub slurp {
    my ($name) = @_;

    open my $fh, "<", $name or return "";
    local $/;
    return <$fh>;
}


1;
