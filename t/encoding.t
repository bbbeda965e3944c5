# Content-Encoding: each coding, codings upon each other, labels that are
# wrong, what old clients put into /store/, and what would inflate to too much.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Blocks;
use Digest::MD5 qw(md5_hex);
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::Nginx::Socket 'no_plan';

ET::Blocks::setup();


our %events;

# A payload of the test of that number, made once, and in each run the same:
# Test::Nginx takes blanks off a body's ends, and compressed it may have some.
sub payload {
    my ($test, $size) = @_;

    return $events{$test} //= event(id => md5_hex("encoding $test"),
                                    $size ? (size => $size) : ());
}

sub store {
    my ($body, $query) = @_;

    die "a body would be cut: give its payload another id\n"
        if $body =~ /[^\t\n\r -~]/ && $body =~ /^\s|\s\z/;

    return "POST /api/$PROJECT/store/" . ($query // "") . "\n$body";
}

# A header for each request: the key, and the coding where there is one.
sub headers {
    return [map { ET::store_auth()
                  . ($_ eq "" ? "" : "\nContent-Encoding: $_") } @_];
}

# What a program makes of a text.
sub through {
    my ($text, @command) = @_;
    my $file = "$ET::DIR/through";

    ET::write_file($file, $text);
    open my $saved, "<&", \*STDIN or die "dup: $!";
    open STDIN, "<", $file or die "open $file: $!";
    open my $from, "-|", @command or die "$command[0]: $!";
    binmode $from;
    my $out = do { local $/; <$from> };
    close $from or die "$command[0] failed";
    open STDIN, "<&", $saved or die "dup: $!";

    return $out;
}

sub brotli {
    return through($_[0], "node", "-e",
                   'process.stdout.write(require("zlib").brotliCompressSync('
                   . 'require("fs").readFileSync(0)))');
}

sub zstd {
    return through($_[0], "zstd", "-q", "-c");
}

sub percent {
    return join "", map { sprintf "%%%02x", ord } split //, $_[0];
}

# not what ldd says: libcurl needs both libraries, too
our $LINKED = do {
    my $binary = $ET::MODULE || $ET::NGINX;

    $binary = (grep { -x } map { "$_/$binary" } split /:/, $ENV{PATH})[0]
        if $binary !~ m{/};
    `LC_ALL=C readelf -d '$binary'`;
};
our $BR = $LINKED =~ /libbrotlidec/;
our $ZSTD = $LINKED =~ /libzstd/;

# as the build is, so is what it says
our $HAS = "unsupported content encoding, use gzip or deflate"
           . ($BR ? " or br" : "") . ($ZSTD ? " or zstd" : "");
our $ACCEPT = "gzip, deflate" . ($BR ? ", br" : "") . ($ZSTD ? ", zstd" : "");

run_tests();

__DATA__

=== TEST 1: br is taken where its library was there, and else refused with what is
--- request eval
::store(::brotli(::payload(1, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: br"
--- error_code eval
$::BR ? 200 : 415
--- response_headers eval
$::BR ? "Content-Type: application/json" : "Accept-Encoding: $::ACCEPT"
--- then
ET::Blocks::stored("br", "{\"id\":\"" . (main::payload(1)
    =~ /"event_id":"(\w+)"/)[0] . "\"}", main::payload(1)) if $main::BR;



=== TEST 2: zstd is taken where its library was there, and else refused with what is
--- request eval
::store(::zstd(::payload(2, 20_000)))
--- more_headers eval
ET::store_auth() . "\nContent-Encoding: zstd"
--- error_code eval
$::ZSTD ? 200 : 415
--- response_headers eval
$::ZSTD ? "Content-Type: application/json" : "Accept-Encoding: $::ACCEPT"
--- then
ET::Blocks::stored("zstd", "{\"id\":\"" . (main::payload(2)
    =~ /"event_id":"(\w+)"/)[0] . "\"}", main::payload(2)) if $main::ZSTD;



=== TEST 3: br and zstd in an envelope, in capitals, chunked
--- request eval
["POST /api/\$PROJECT/envelope/\n"
   . ET::chunked(::brotli(ET::envelope("{}", ::payload(3))), 100),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::chunked(::zstd(ET::envelope("{}", ::payload(31))), 100)]
--- more_headers eval
[map { "$_\nTransfer-Encoding: chunked" } @{ ::headers("BR", "ZStd") }]
--- error_code eval
[$::BR ? 200 : 415, $::ZSTD ? 200 : 415]



=== TEST 4: a damaged or cut stream is 400, in each coding
--- request eval
[map { ::store($_) } substr(ET::gzipped(::payload(4, 9_000)), 0, 500),
    substr(ET::zlibbed(::payload(4)), 0, 500),
    substr(::brotli(::payload(4)), 0, 500),
    substr(::zstd(::payload(4)), 0, 500),
    ::brotli(::payload(4)) . "x", ::zstd(::payload(4)) . "x", "nonsense",
    "nonsense"]
--- more_headers eval
::headers("gzip", "deflate", "br", "zstd", "br", "zstd", "gzip", "zstd")
--- error_code eval
[400, 400, $::BR ? 400 : 415, $::ZSTD ? 400 : 415, $::BR ? 400 : 415,
 $::ZSTD ? 400 : 415, 400, $::ZSTD ? 400 : 415]



=== TEST 5: codings upon each other are undone, the last one first
--- request eval
[::store(ET::zlibbed(ET::gzipped(::payload(5, 9_000)))),
 ::store(ET::gzipped(ET::gzipped(::payload(51, 9_000)))),
 ::store(ET::gzipped(ET::rawdeflated(ET::zlibbed(::payload(52, 9_000)))))]
--- more_headers eval
::headers("gzip, deflate", "gzip,x-gzip", "deflate , identity, deflate,gzip")
--- stored eval
[::payload(5), ::payload(51), ::payload(52)]
--- error_code eval
[200, 200, 200]



=== TEST 6: five codings are refused, and an unknown one among others
--- request eval
[(::store("nonsense")) x 3]
--- more_headers eval
::headers("gzip,gzip,gzip,gzip,gzip", "gzip, rot13", "rot13")
--- error_code eval
[415, 415, 415]
--- response_body_like eval
[(qr/^\{"detail":"\Q$::HAS\E","causes":\["bad_encoding"\]\}$/) x 3]
--- response_headers eval
[("Accept-Encoding: $::ACCEPT\nX-Sentry-Error: $::HAS") x 3]



=== TEST 7: plain JSON under any label is plain
--- request eval
[map { ::store(::payload("7$_")) } 1 .. 6]
--- more_headers eval
::headers("gzip", "deflate", "br", "zstd", "utf-8", "gzip, br")
--- stored eval
[map { ::payload("7$_") } 1 .. 6]
--- error_code eval
[(200) x 6]



=== TEST 8: so is a plain envelope
--- request eval
["POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ::payload(8)),
 "POST /api/\$PROJECT/envelope/\n" . ET::envelope("{}", ::payload(81))]
--- more_headers eval
::headers("gzip", "json")
--- stored eval
[::payload(8), ::payload(81)]
--- error_code eval
[200, 200]



=== TEST 9: gzip without a label is gzip, and under another's name
--- request eval
[::store(ET::gzipped(::payload(9, 9_000))),
 "POST /api/\$PROJECT/envelope/\n"
   . ET::gzipped(ET::envelope("{}", ::payload(91, 9_000))),
 ::store(ET::gzipped(::payload(92, 9_000))),
 ::store(ET::zlibbed(::payload(93, 9_000)))]
--- more_headers eval
::headers("", "identity", "deflate", "gzip")
--- stored eval
[::payload(9), ::payload(91), ::payload(92), ::payload(93)]
--- error_code eval
[(200) x 4]



=== TEST 10: a large gzip body without a label is inflated in a thread, as one with it
--- ingest
            errortracking_max_event_size 900k;
--- request eval
[::store(ET::gzipped(::payload(10, 900_000))),
 ::store(ET::gzipped(ET::gzipped(::payload(101, 900_000))))]
--- more_headers eval
::headers("", "gzip, gzip")
--- stored eval
[::payload(10), ::payload(101)]
--- error_code eval
[200, 200]
--- then
cmp_ok(length(ET::gzipped(main::payload(10))), ">", 256 * 1024,
       "the body is a large one");



=== TEST 11: an event in base64 is one, compressed in it or not, in either alphabet
--- request eval
[::store(::encode_base64(::payload(11))),
 ::store(::encode_base64(ET::zlibbed(::payload(111, 9_000)), "")),
 ::store(::encode_base64url(ET::zlibbed(::payload(112, 9_000)))),
 ::store(ET::gzipped(::encode_base64(ET::zlibbed(::payload(113, 9_000))))),
 ::store(ET::zlibbed(::payload(114, 9_000)))]
--- more_headers eval
::headers("", "", "", "gzip", "")
--- stored eval
[map { ::payload($_) } 11, 111, 112, 113, 114]
--- error_code eval
[(200) x 5]



=== TEST 12: what is no event in base64 is 400
--- request eval
[::store(::encode_base64("nothing", "")), ::store("null"), ::store("abcd"),
 ::store(::encode_base64(substr(ET::zlibbed(::payload(12, 9_000)), 0, 300), ""))]
--- more_headers eval
::headers("", "", "", "")
--- error_code eval
[400, 400, 400, 400]
--- response_body_like eval
[(qr/"bad_json"/) x 3, qr/"bad_compression"/]



=== TEST 13: GET has it in its query, escaped or with its own plus signs
--- request eval
my $zlib = ::encode_base64(ET::zlibbed(::payload(13)), "");
my $plain = ::encode_base64(::payload(131), "");
["GET /api/\$PROJECT/store/?sentry_key=\$KEY&sentry_data=" . ::percent($zlib),
 "GET /api/\$PROJECT/store/?sentry_data=$plain&sentry_key=\$KEY",
 "GET /api/\$PROJECT/store/?sentry_key=\$KEY&sentry_data="
   . ::encode_base64(ET::zlibbed(::payload(132)), "")]
--- more_headers
X-Nothing: here
--- response_headers eval
[("Content-Type: image/gif") x 3]
--- error_code eval
[200, 200, 200]
--- then
for my $test (13, 131, 132) {
    my ($id) = main::payload($test) =~ /"event_id":"(\w+)"/;
    ET::Blocks::stored("GET", "{\"id\":\"$id\"}", main::payload($test));
}



=== TEST 14: a small bomb is a small body, a larger one is refused by its ratio
--- request eval
[::store(ET::gzipped("{\"message\":\"" . " " x 900_000 . "\"}")),
 ::store(ET::gzipped(" " x 3_000_000)),
 ::store(ET::gzipped(ET::gzipped(" " x 19_000_000))),
 ::store(::encode_base64(ET::zlibbed(" " x 3_000_000), ""))]
--- more_headers eval
::headers("gzip", "gzip", "gzip, gzip", "")
--- error_code eval
[200, 413, 413, 413]
--- response_body_like eval
[qr/"id"/, qr/"inflate_ratio"/, qr/"inflate_ratio"/, qr/"event_too_large"/]



=== TEST 15: the ratio is the location's, and may be any
--- config
    location /any/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
        errortracking_max_inflate_ratio 0;
    }
    location /few/ {
        errortracking_ingest zone=t;
        errortracking_keys $TEST_NGINX_KEYS;
        errortracking_max_inflate_ratio 2;
    }
--- request eval
my $bomb = ET::gzipped("{\"message\":\"" . " " x 3_000_000 . "\"}");
["POST /any/api/\$PROJECT/store/\n$bomb",
 "POST /few/api/\$PROJECT/store/\n" . ET::gzipped(" " x 1_100_000)]
--- more_headers eval
::headers("gzip", "gzip")
--- error_code eval
[413, 413]
--- response_body_like eval
[qr/"event_too_large"/, qr/"inflate_ratio"/]



=== TEST 16: bytes are counted as they came, and as they were inflated, once
--- request eval
[::store(ET::gzipped(::payload(16, 9_000))), "GET /metrics"]
--- more_headers eval
::headers("gzip", "")
--- response_body_like eval
[qr/"id"/, qr/^errortracking_inflated_bytes_total\{zone="t"\} 9000$/m]
--- error_code eval
[200, 200]



=== TEST 17: a compressed body may end with a byte that is white space elsewhere
--- request eval
my $id;
my $end = "";
# an id of some hundred has it
until ($end =~ /[\n\r\t ]/) {
    $id = ET::new_id();
    $end = substr ET::zlibbed("{\"event_id\":\"$id\"}"), -1;
}
[("POST /api/\$PROJECT/store/\n" . ET::zlibbed("{\"event_id\":\"$id\"}")) x 2]
--- more_headers eval
::headers("deflate", "")
--- error_code eval
[200, 200]
