# A body is the same event however it arrives: in one buffer, in several, in
# a file, chunked, in many packets, compressed, over HTTP/2.  That it is the
# same, ClickHouse says: it has the payload byte by byte.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();


# A payload of the test of that number, made once: all its sections see the
# same.
our %events;

sub payload {
    my ($test, $size) = @_;

    return $events{$test . "-" . ($size || 0)}
           //= event($size ? (size => $size) : ());
}

sub post {
    my ($body) = @_;

    return "POST /api/$PROJECT/store/\n$body";
}

# Cuts a text into packets, so many bytes each, with a pause between them.
sub packets {
    my ($text, $size, $pause) = @_;
    my @packets;

    for (my $i = 0; $i < length $text; $i += $size) {
        push @packets, { value => substr($text, $i, $size),
                         delay_before => $i ? $pause : 0 };
    }

    return \@packets;
}

# Several requests in one connection, each sent when the one before it has
# been answered; the answers as [status, body].
sub in_one_connection {
    my (@requests) = @_;
    my @answers;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => $ET::PORT, Timeout => 10)
        or die "connect: $@";
    local $SIG{ALRM} = sub { die "no answer\n" };
    alarm 20;

    for my $request (@requests) {
        my ($head, $n) = ("", 0);

        print $s $request;
        $head .= getc($s) // die "closed\n" until $head =~ /\r\n\r\n\z/;
        $n = $1 if $head =~ /^Content-Length: (\d+)/mi;
        read($s, my $body, $n) == $n or die "closed\n";
        push @answers, [ $head =~ m{^HTTP/1.1 (\d+)}, $body ];
    }

    alarm 0;
    return @answers;
}

# A POST over HTTP/2 with curl: the answer, its status behind it.
sub h2 {
    my ($body, @options) = @_;
    my $file = "$ET::DIR/h2.body";

    ET::write_file($file, $body);
    open my $stdin, "<&", \*STDIN or die "dup: $!";
    open STDIN, "<", $file or die "open $file: $!";

    my $pid = open my $curl, "-|", "curl", "-sS", "--max-time", 20,
        "--http2-prior-knowledge", "-w", "\n%{http_code} %{http_version}\n",
        "-H", store_auth(), @options,
        "http://127.0.0.1:" . ($ET::PORT + 2) . "/api/$PROJECT/store"
        or die "curl: $!";
    my $answer = do { local $/; <$curl> };
    close $curl;
    open STDIN, "<&", $stdin or die "dup: $!";

    return $answer;
}

# What a server for HTTP/2 needs, in the words of this nginx.
our $H2 = do {
    my ($major, $minor, $patch) =
        `$ET::NGINX -v 2>&1` =~ m{nginx/(\d+)\.(\d+)\.(\d+)};
    my $new = $major * 1e6 + $minor * 1e3 + $patch >= 1025001;
    my $port = $ET::PORT + 2;

    "server { listen 127.0.0.1:$port" . ($new ? "; http2 on;" : " http2;")
    . ' location / { errortracking_ingest zone=t;'
    . ' errortracking_keys $TEST_NGINX_KEYS; } }';
};

our $H2_SKIP =
    `$ET::NGINX -V 2>&1` !~ /http_v2_module/ ? "nginx has no HTTP/2"
    : (`curl -V 2>&1` // "") !~ /HTTP2/ ? "no curl with HTTP/2" : "";

diag("HTTP/2 is not tested: $H2_SKIP") if $H2_SKIP;

run_tests();

__DATA__

=== TEST 1: a small body, in one buffer with the header
--- request eval
::post(::payload(1))
--- stored eval
::payload(1)



=== TEST 2: a body of 60 KB, in memory
--- request eval
::post(::payload(2, 60_000))
--- stored eval
::payload(2, 60_000)



=== TEST 3: a small client_body_buffer_size is raised, so that 60 KB need no file
--- ingest
            client_body_buffer_size 1k;
--- request eval
::post(::payload(3, 60_000))
--- stored eval
::payload(3, 60_000)
--- no_error_log
buffered to a temporary file



=== TEST 4: a larger client_body_buffer_size is left as it is
--- ingest
            client_body_buffer_size 512k;
--- request eval
::post(::payload(4, 300_000))
--- stored eval
::payload(4, 300_000)
--- no_error_log
buffered to a temporary file



=== TEST 5: a body of 300 KB, in a temporary file
--- request eval
::post(::payload(5, 300_000))
--- stored eval
::payload(5, 300_000)
--- error_log
buffered to a temporary file



=== TEST 6: a body that has to be in a file whatever its size
--- ingest
            client_body_in_file_only clean;
--- request eval
::post(::payload(6))
--- stored eval
::payload(6)



=== TEST 7: a chunked body in memory
--- request eval
::post(::chunked(::payload(7), 10))
--- more_headers eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- stored eval
::payload(7)



=== TEST 8: a chunked body of 300 KB in a file
--- request eval
::post(::chunked(::payload(8, 300_000), 7001))
--- more_headers eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- stored eval
::payload(8, 300_000)



=== TEST 9: a body split in many packets, the first after the header
--- request eval
my $text = ::post(::payload(9, 5_000));
[[ { value => substr($text, 0, index($text, "\n") + 1) },
   map { { value => substr($text, index($text, "\n") + 1 + $_ * 250, 250),
           delay_before => 0.01 } } 0 .. 19 ]]
--- stored eval
::payload(9, 5_000)



=== TEST 10: a body of 100 KB split in packets of 10 KB
--- request eval
[::packets(::post(::payload(10, 100_000)), 10_000, 0.01)]
--- stored eval
::payload(10, 100_000)



=== TEST 11: chunks whose sizes and ends are torn apart by packets of 3 bytes
--- request eval
[::packets(::post(::chunked(::payload(11), 20)), 3, 0.002)]
--- more_headers eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- stored eval
::payload(11)



=== TEST 12: gzip
--- request eval
::post(ET::gzipped(::payload(12, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- stored eval
::payload(12, 20_000)



=== TEST 13: gzip by its old name
--- request eval
::post(ET::gzipped(::payload(13, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: x-gzip"
--- stored eval
::payload(13, 20_000)



=== TEST 14: deflate with zlib's frame
--- request eval
::post(ET::zlibbed(::payload(14, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: deflate\nContent-Length: "
    . length(ET::zlibbed(::payload(14, 20_000)))
--- stored eval
::payload(14, 20_000)



=== TEST 15: deflate without a frame
--- request eval
::post(ET::rawdeflated(::payload(15, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: deflate\nContent-Length: "
    . length(ET::rawdeflated(::payload(15, 20_000)))
--- stored eval
::payload(15, 20_000)



=== TEST 16: identity
--- request eval
::post(::payload(16))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: identity"
--- stored eval
::payload(16)



=== TEST 17: gzip in an envelope, chunked, in packets
--- request eval
my $body = ET::chunked(ET::gzipped(ET::envelope("{}", ::payload(17, 60_000))), 999);
[::packets("POST /api/\$PROJECT/envelope/\n$body", 2000, 0.005)]
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: gzip\nTransfer-Encoding: chunked"
--- stored eval
::payload(17, 60_000)



=== TEST 18: a compressed body that is in a file
--- ingest
            client_body_in_file_only clean;
--- request eval
::post(ET::gzipped(::payload(18, 300_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- stored eval
::payload(18, 300_000)



=== TEST 19: an event of exactly the limit is taken, one byte more is not
--- request eval
[::post(::payload(19, 1_048_576)), ::post(::payload(19, 1_048_577))]
--- error_code eval
[200, 413]
--- stored eval
[::payload(19, 1_048_576), undef]
--- response_body_like eval
[qr/"id"/, qr/"event_too_large"/]



=== TEST 20: a body of exactly the limit is taken, one byte more is not
--- ingest
            errortracking_max_body_size 100000;
--- request eval
[::post(::payload(20, 100_000)), ::post(ET::event(size => 100_001))]
--- error_code eval
[200, 413]
--- stored eval
[::payload(20, 100_000), undef]
--- response_body_like eval
[qr/"id"/, qr/"body_too_large"/]



=== TEST 21: a chunked body of exactly the limit is taken, one byte more is not
--- ingest
            errortracking_max_body_size 100000;
--- request eval
[::post(ET::chunked(::payload(21, 100_000), 5000)),
 ::post(ET::chunked(ET::event(size => 100_001), 5000))]
--- more_headers eval
ET::store_auth() . "\nTransfer-Encoding: chunked"
--- error_code eval
[200, 413]
--- stored eval
[::payload(21, 100_000), undef]
--- response_body_like eval
[qr/"id"/, qr/"body_too_large"/]



=== TEST 22: a body that inflates to exactly the limit is taken, to one byte more is not
--- ingest
            errortracking_max_inflated_size 100000;
--- request eval
[::post(ET::gzipped(::payload(22, 100_000))),
 ::post(ET::gzipped(ET::event(size => 100_001)))]
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: gzip"
--- error_code eval
[200, 413]
--- stored eval
[::payload(22, 100_000), undef]
--- response_body_like eval
[qr/"id"/, qr/"inflated_too_large"/]



=== TEST 23: client_max_body_size is not the limit here
--- ingest
            client_max_body_size 1k;
--- request eval
::post(::payload(23, 60_000))
--- stored eval
::payload(23, 60_000)



=== TEST 24: with Expect: 100-continue the body is asked for, and taken whole
--- request eval
::post(::payload(24))
--- more_headers eval
ET::store_auth() . "\nX-Nothing: here"
--- then
my $body = main::payload(25, 5_000);
my $head = "POST /api/$PROJECT/store/ HTTP/1.1\r\nHost: h\r\n" . store_auth()
           . "\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n";
my ($continue, $answer) = main::in_one_connection($head, $body);
is($continue->[0], 100, "100 comes before the body is sent");
is($answer->[0], 200, "200 comes behind it");
ET::Blocks::stored("Expect", $answer->[1], $body);



=== TEST 25: with Expect: 100-continue a bad key is refused as without it
--- request eval
::post(::payload(26))
--- then
my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                              PeerPort => $ET::PORT);
print $s "POST /api/$PROJECT/store/ HTTP/1.1\r\nHost: h\r\n"
         . store_auth("nobody") . "\r\nExpect: 100-continue\r\n"
         . "Connection: close\r\nContent-Length: 5\r\n\r\n12345";
like(do { local $/; <$s> }, qr/^HTTP\/1.1 403 .*"unknown_key"/ms,
     "the answer is 403");



=== TEST 26: requests behind one another in one connection, every layout of body among them
--- request eval
::post(::payload(27))
--- then
my @ids;
my @requests = map {
    my $id = new_id();
    my ($body, $header) = @$_;
    my $json = $body->($id);
    push @ids, $id;
    "POST /api/$PROJECT/store/ HTTP/1.1\r\nHost: h\r\n" . store_auth()
    . "\r\n" . ($header || "Content-Length: " . length($json))
    . "\r\n\r\n$json"
} ([sub { event(id => $_[0]) }],
   [sub { event(id => $_[0], size => 300_000) }],
   [sub { chunked(event(id => $_[0], size => 3000), 77) },
    "Transfer-Encoding: chunked"],
   [sub { event(id => $_[0], size => 70_000) }],
   [sub { chunked(event(id => $_[0], size => 200_000), 9999) },
    "Transfer-Encoding: chunked"],
   [sub { event(id => $_[0]) }]);
my @answers = main::in_one_connection(@requests);
is_deeply([map { "$_->[0] $_->[1]" } @answers],
          [map { "200 {\"id\":\"$_\"}" } @ids],
          "six answers come in one connection, each with its own id");



=== TEST 27: pipelined requests are answered in their order
--- pipelined_requests eval
[map { ::post(ET::event(id => $_ x 32)) } 1 .. 8]
--- response_body eval
[map { "{\"id\":\"" . $_ x 32 . "\"}" } 1 .. 8]
--- error_code eval
[(200) x 8]



=== TEST 28: a client that goes away in the middle of its body leaves nothing and harms nobody
--- request eval
::post(::payload(29))
--- then
for (1 .. 3) {
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => $ET::PORT);
    print $s "POST /api/$PROJECT/store/ HTTP/1.1\r\nHost: h\r\n"
             . store_auth() . "\r\nContent-Length: 90000\r\n\r\n"
             . "x" x (20000 * $_);
    close $s;
}
my ($answer) = main::in_one_connection(
    "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
is($answer->[0], 200, "NGINX goes on");



=== TEST 29: HTTP/2 with a content-length
--- http_config eval: $::H2
--- request eval
::post(::payload(30))
--- then
SKIP: {
    skip $main::H2_SKIP, 4 if $main::H2_SKIP;
    for ([30, 1000], [30, 300_000]) {
        my $answer = main::h2(main::payload(@$_), "--data-binary",
                              "\@$ET::DIR/h2.body");
        like($answer, qr/^200 2$/m, "HTTP/2: 200");
        ET::Blocks::stored("HTTP/2", $answer, main::payload(@$_));
    }
}



=== TEST 30: HTTP/2 without a content-length
--- http_config eval: $::H2
--- request eval
::post(::payload(31))
--- then
SKIP: {
    skip $main::H2_SKIP, 4 if $main::H2_SKIP;
    for ([31, 60_000], [31, 300_000]) {
        my $answer = main::h2(main::payload(@$_), "-X", "POST", "-T", "-");
        like($answer, qr/^200 2$/m, "HTTP/2 without a length: 200");
        ET::Blocks::stored("HTTP/2 without a length", $answer,
                           main::payload(@$_));
    }
}



=== TEST 31: HTTP/2 with gzip, and a body over the limit
--- http_config eval: $::H2
--- request eval
::post(::payload(32))
--- then
SKIP: {
    skip $main::H2_SKIP, 3 if $main::H2_SKIP;
    my $answer = main::h2(gzipped(main::payload(32, 60_000)),
                          "--data-binary", "\@$ET::DIR/h2.body",
                          "-H", "Content-Encoding: gzip");
    like($answer, qr/^200 2$/m, "HTTP/2 with gzip: 200");
    ET::Blocks::stored("HTTP/2 with gzip", $answer, main::payload(32, 60_000));
    $answer = main::h2(event(size => 1048577), "--data-binary",
                       "\@$ET::DIR/h2.body");
    like($answer, qr/event_too_large.*^413 2$/ms, "HTTP/2: 413 in the contract's form");
}
