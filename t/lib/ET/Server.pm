# An nginx of a test's own, with a master and two workers, for what
# Test::Nginx is awkward for: reloads, drains, and a ClickHouse that fails.
#
#     my $nginx = ET::Server->start(NAME, zone => "20m", flush => "...",
#                                   ingest => "...", locations => "...",
#                                   via => $proxy);
#     $nginx->post(event())        # status, of POST .../store/
#     $nginx->metric("rows_sent_total")
#     $nginx->reload; $nginx->quit; $nginx->no_alerts

package ET::Server;

use strict;
use warnings;

use ET;
use HTTP::Tiny;
use Test::More ();
use Time::HiRes qw(sleep time);

my @running;


sub start {
    my ($class, $name, %has) = @_;
    my $self = bless { name => $name, dir => "$ET::DIR/$name",
                       port => $ET::PORT, http => HTTP::Tiny->new(timeout => 30),
                       workers => 2, zone => "20m", flush => "interval=50ms",
                       ingest => "", main => "", locations => "", listen => "",
                       global => "",
                       %has }, $class;

    mkdir $self->{dir};
    $self->configure;

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDERR, ">>", "$self->{dir}/stderr";
        my @limits = $self->{ulimit} ? ("/bin/sh", "-c",
            "$self->{ulimit} && exec \"\$0\" \"\$@\"") : ();
        exec @limits, $ET::NGINX, "-p", $self->{dir}, "-c", "$self->{dir}/nginx.conf",
             "-e", $self->log_name or exit 1;
    }

    $self->{pid} = $pid;
    push @running, $self;

    until_true { $self->get("/status")->{status} == 200
                 || waitpid($pid, 1) > 0 };

    $self->get("/status")->{status} == 200
        or die "$name: nginx does not answer\n" . $self->log;

    return $self;
}


sub configure {
    my ($self, %has) = @_;
    my $dir = $self->{dir};
    my $clickhouse = $self->{via} ? $self->{via}->url : $ET::CLICKHOUSE;
    my $load = $ET::MODULE ? "load_module $ET::MODULE;" : "";
    my $user = $> == 0 ? "user root;" : "";

    %$self = (%$self, %has);

    my $temp = join "", map { "    ${_}_temp_path $dir/$_;\n" }
               qw(client_body proxy fastcgi uwsgi scgi);

    ET::write_file("$dir/nginx.conf", <<"_EOC_");
$load
$user
daemon off;
worker_processes $self->{workers};
pid $dir/nginx.pid;
error_log @{[ $self->log_name ]} info;
$self->{global}

events { }

http {
    access_log off;
$temp
    errortracking_zone t $self->{zone};
    $self->{main}

    server {
        listen 127.0.0.1:$self->{port} $self->{listen};

        location / {
            errortracking_ingest zone=t;
            errortracking_keys @{[ $self->{keys} || $ET::KEYS ]};
            $self->{ingest}
        }

        location = /metrics { errortracking_status prometheus; }
        location = /status { errortracking_status; }
        $self->{locations}

        location = /clickhouse {
            internal;
            errortracking_flush zone=t $self->{flush};
            proxy_pass $clickhouse/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
_EOC_
}


sub log_name {
    my ($self) = @_;

    return "$self->{dir}/error.log";
}


sub log {
    my ($self) = @_;

    open my $fh, "<", $self->log_name or return "";
    local $/;
    return <$fh>;
}


sub get {
    my ($self, $path) = @_;

    return $self->{http}->get("http://127.0.0.1:$self->{port}$path");
}


# Another one: request("PUT", "/path", { headers => {...}, content => "..." })
sub request {
    my ($self, $method, $path, $options) = @_;

    return $self->{http}->request($method,
                                  "http://127.0.0.1:$self->{port}$path",
                                  $options || {});
}


# The answer, as HTTP::Tiny has it.
sub send {
    my ($self, $body, $project, $key, $endpoint) = @_;

    return $self->{http}->post("http://127.0.0.1:$self->{port}/api/"
                               . ($project || $PROJECT) . "/"
                               . ($endpoint || "store") . "/",
        { content => $body,
          headers => { "X-Sentry-Auth" =>
              "Sentry sentry_key=" . ($key || $KEY) } });
}


sub post {
    my ($self, @args) = @_;

    return $self->send(@args)->{status};
}


# A figure of /metrics: metric("batch_failures_total", cause => "connect").
sub metric {
    my ($self, $name, $label, $value) = @_;
    my $labels = $label ? ",$label=\"$value\"" : "";

    my ($figure) = $self->get("/metrics")->{content}
                   =~ /^errortracking_\Q$name\E\{zone="t"\Q$labels\E\} (\S+)$/m;

    return $figure // die "no metric $name $labels\n";
}


# Until all that was accepted is in ClickHouse.
sub drained {
    my ($self, $seconds) = @_;

    return until_true { $self->metric("zone_rows") == 0 } $seconds || 60;
}


sub workers {
    my ($self) = @_;
    my $pids = `ps -o pid= --ppid $self->{pid}`;

    return grep { $_ } split /\s+/, $pids;
}


# Returns when the workers of the new configuration run; the old ones may go
# on draining.
sub reload {
    my ($self) = @_;
    my %old = map { $_ => 1 } $self->workers;

    kill "HUP", $self->{pid};

    return until_true {
        $self->{workers} <= grep { !$old{$_} } $self->workers
    };
}


# 1 where nginx ends by itself in good order.
sub quit {
    my ($self, $seconds) = @_;
    my $status;

    return 1 if !$self->{pid};

    kill "QUIT", $self->{pid};
    until_true { waitpid($self->{pid}, 1) == $self->{pid}
                 and defined($status = $?) } $seconds || 30;

    if (!defined $status) {
        $self->kill_all;
        return 0;
    }

    $self->{pid} = 0;
    return $status == 0;
}


sub kill_all {
    my ($self) = @_;

    kill "KILL", $self->workers, $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = 0;
}


sub no_alerts {
    my ($self) = @_;
    my @bad = grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error:/ }
              split /\n/, $self->log;

    Test::More::is(join("\n", @bad), "",
                   "$self->{name}: no alerts in the error log");
}


END {
    my $status = $?;

    $_->{pid} && $_->kill_all for @running;
    $? = $status;
}


1;
