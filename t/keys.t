# Where keys come from: the file, a secret; several of them together.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use ET;
use ET::Blocks;
use Test::Nginx::Socket 'no_plan';

our $SECRET = "a secret of this test: 32 bytes!";
our $OLD = "the secret that was before it";

# as `openssl` does: t/unit/test_key_secret.c
sub key {
    my ($project, $secret) = @_;

    return substr hmac_sha256_hex($project, $secret // $SECRET), 0, 32;
}

sub auth {
    return store_auth(key(@_));
}

ET::Blocks::setup();

run_tests();

__DATA__

=== TEST 1: a key of the secret opens its own project, and no list is needed
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_key_secret "a secret of this test: 32 bytes!";
        }
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event(),
 "POST /api/0$ET::PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event()]
--- more_headers eval
[(main::auth($ET::PROJECT)) x 3, main::auth($ET::PROJECT2), ET::store_auth()]
--- error_code eval
[200, 403, 200, 403, 403]
--- response_body_like eval
[qr/"id"/, qr/"unknown_key"/, qr/"id"/, (qr/"unknown_key"/) x 2]



=== TEST 2: the openssl command of the README prints that key
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_key_secret file:$TEST_NGINX_SERVROOT/html/secret;
        }
--- user_files
>>> secret
a secret of this test: 32 bytes!
--- request eval
"POST /api/\$PROJECT/store/\n" . ET::event()
--- more_headers eval
main::auth($ET::PROJECT)
--- then
sub {
    open my $fh, "<", "$ET::TOP/README.md" or die;
    local $/;
    my ($command) = <$fh> =~ m{^ {4,}(echo "https://.*?/\$project")$}ms
        or die "the README has no such command\n";
    $command =~ s{/etc/nginx/errortracking.secret}{$ENV{TEST_NGINX_SERVROOT}/html/secret}
        or die "nor such a file\n";
    Test::More::is(`project=$ET::PROJECT host=h; $command`,
                   "https://" . main::key($ET::PROJECT) . "\@h/$ET::PROJECT\n",
                   "the DSN");
}->()



=== TEST 3: while secrets change, keys of the new and of the old one are good
--- ingest
            errortracking_key_secret "a secret of this test: 32 bytes!";
            errortracking_key_secret "the secret that was before it";
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 4]
--- more_headers eval
[main::auth($ET::PROJECT), main::auth($ET::PROJECT, $main::OLD),
 main::auth($ET::PROJECT, "another secret"), ET::store_auth()]
--- error_code eval
[200, 200, 403, 200]



=== TEST 4: a key that one source says yes to is let in, whatever others say
--- ingest
            errortracking_key_secret "a secret of this test: 32 bytes!";
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/77/store/\n" . ET::event()]
--- more_headers eval
[ET::store_auth(), ET::store_auth($ET::KEY2), ET::store_auth("nobody"),
 main::auth(77)]
--- error_code eval
[200, 403, 403, 200]
--- response_body_like eval
[qr/"id"/, qr/"wrong_project"/, qr/"unknown_key"/, qr/"id"/]



=== TEST 5: a key of the secret may stand in the envelope's dsn
--- ingest
            errortracking_key_secret "a secret of this test: 32 bytes!";
--- more_headers
X-Nothing: here
--- request eval
["POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://" . main::key($ET::PROJECT) . "\@h/\$PROJECT\"}",
                   ET::event()),
 "POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://" . main::key(1) . "\@h/\$PROJECT\"}",
                   ET::event())]
--- error_code eval
[200, 403]



=== TEST 6: a location has its own secrets, or those around it
--- config
    errortracking_key_secret "a secret of this test: 32 bytes!";
    location /a/ {
        errortracking_ingest zone=t;
    }
    location /b/ {
        errortracking_ingest zone=t;
        errortracking_key_secret "the secret that was before it";
    }
--- request eval
["POST /a/api/\$PROJECT/store/\n" . ET::event(),
 "POST /b/api/\$PROJECT/store/\n" . ET::event(),
 "POST /b/api/\$PROJECT/store/\n" . ET::event()]
--- more_headers eval
[main::auth($ET::PROJECT), main::auth($ET::PROJECT),
 main::auth($ET::PROJECT, $main::OLD)]
--- error_code eval
[200, 403, 200]



=== TEST 7: a secret that can be guessed
--- ingest
            errortracking_key_secret guessed;
--- at: errortracking_key_secret guessed
--- wrong: a secret of 7 bytes for "errortracking_key_secret", it has to have 16 to 1024, such as "openssl rand -hex 32" prints



=== TEST 8: a secret's file whose first line is empty
--- ingest
            errortracking_key_secret file:$TEST_NGINX_SERVROOT/html/secret;
--- user_files eval
">>> secret\n\na secret of this test: 32 bytes!\n"
--- at: errortracking_key_secret file:
--- wrong: a secret of 0 bytes for "errortracking_key_secret", it has to have 16 to 1024, .*



=== TEST 9: a secret's file that is not there
--- ingest
            errortracking_key_secret file:/nowhere/secret;
--- at: errortracking_key_secret file:
--- wrong: open\(\) "/nowhere/secret" failed \(2: No such file or directory\)



=== TEST 10: a secret's file that is too large to be one
--- ingest
            errortracking_key_secret file:$TEST_NGINX_SERVROOT/html/secret;
--- user_files eval
">>> secret\n" . "a" x 66000
--- at: errortracking_key_secret file:
--- wrong: the secret file "[^"]+/secret" is larger than 64k



=== TEST 11: three secrets
--- ingest
            errortracking_key_secret "a secret of this test: 32 bytes!";
            errortracking_key_secret "the secret that was before it";
            errortracking_key_secret "the secret that was before that";
--- at: before that
--- wrong: "errortracking_key_secret" directive is there three times, it may be there twice, for the new secret and the old one



=== TEST 12: a page of an allowed origin may send, of another may not
--- ingest
            errortracking_allowed_origins https://a.example *.b.example localhost:3000;
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 8]
--- more_headers eval
my $auth = ET::store_auth();
["$auth\nOrigin: https://a.example", "$auth\nOrigin: https://x.b.example:81",
 "$auth\nOrigin: http://localhost:3000", "$auth\nOrigin: http://localhost:3001",
 "$auth\nOrigin: https://a.example.evil", "$auth\nOrigin: null",
 "$auth\nOrigin: http://a.example\nReferer: https://a.example/",
 "$auth\nOrigin: https://a.example\nReferer: https://evil.example/"]
--- error_code eval
[200, 200, 200, 403, 403, 403, 403, 200]
--- response_body_like eval
[(qr/"id"/) x 3, (qr/"origin_not_allowed"/) x 4, qr/"id"/]



=== TEST 13: without Origin it is Referer that counts, and without both nobody asks
--- ingest
            errortracking_allowed_origins https://a.example;
--- request eval
[("POST /api/\$PROJECT/store/\n" . ET::event()) x 4]
--- more_headers eval
my $auth = ET::store_auth();
["$auth\nReferer: https://a.example/page?x", "$auth\nReferer: https://b.example/https://a.example",
 $auth, "$auth\nReferer: about:blank"]
--- error_code eval
[200, 403, 200, 403]



=== TEST 14: the keys file has origins of a key, and of a project's other keys
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_SERVROOT/html/keys;
            errortracking_key_secret "a secret of this test: 32 bytes!";
            errortracking_allowed_origins https://all.example;
        }
--- user_files
>>> keys
$PROJECT web origins=https://a.example
$PROJECT server
$PROJECT2 * origins=https://two.example
$PROJECT2 open origins=*
--- request eval
["POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event(),
 "POST /api/\$PROJECT2/store/\n" . ET::event()]
--- more_headers eval
[ET::store_auth("web") . "\nOrigin: https://a.example",
 ET::store_auth("web") . "\nOrigin: https://all.example",
 ET::store_auth("server") . "\nOrigin: https://all.example",
 main::auth($ET::PROJECT2) . "\nOrigin: https://two.example",
 main::auth($ET::PROJECT2) . "\nOrigin: https://all.example",
 ET::store_auth("open") . "\nOrigin: https://evil.example"]
--- error_code eval
[200, 403, 200, 200, 403, 200]



=== TEST 15: an origin is checked, too, where the key stands in the envelope's dsn
--- ingest
            errortracking_allowed_origins https://a.example;
--- request eval
[("POST /api/\$PROJECT/envelope/\n"
    . ET::envelope("{\"dsn\":\"https://\$KEY\@h/\$PROJECT\"}", ET::event())) x 2]
--- more_headers eval
["Origin: https://a.example", "Origin: https://b.example"]
--- error_code eval
[200, 403]



=== TEST 16: an origin that is none
--- ingest
            errortracking_allowed_origins https://a.example https://b.example/;
--- at: errortracking_allowed_origins
--- wrong: invalid origin "https://b.example/", it has to be "\*", "host" or "scheme://host:port"



=== TEST 17: an origin of the keys file that is none
--- config
        location / {
            errortracking_ingest zone=t;
            errortracking_keys $TEST_NGINX_SERVROOT/html/bad.keys;
        }
--- user_files
>>> bad.keys
1 good origins=a.example
2 bad origins=a.example,b/
--- at: 2 bad
--- wrong: origin "b/" is not "\*", "host" or "scheme://host:port"
