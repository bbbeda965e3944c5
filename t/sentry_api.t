#!/usr/bin/perl
#
# Sentry's web API, asked as GitLab's Sentry integration, Grafana and scripts
# ask it: bearer tokens with scopes and projects, the paths with and without
# their slash, the Link header by its attributes' order.  Events come in as
# SDKs send them, through this NGINX, into a real ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Server;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $ALL = "sntrys_all-projects.and~scopes";
my $READ = "a-token-that-reads-two-projects";
my $ISSUES = "a-token-of-events-of-one-project";
my $THIRD = "a-token-of-the-third-project";
my $SECRET = "a secret of the test's own";

# "1 project, its slug": what tests get from next_project() lies behind these
my ($one, $two, $three) = map { $PROJECT + 100 + $_ } 1 .. 3;
my $project = $PROJECT;

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 300);
ET::write_file("$ET::DIR/tokens", <<"_EOC_");
# tokens of the test
$ALL     *                                  *       name=robot
$READ    org:read,project:read,event:read   $one,$two
$ISSUES  event:admin                        $one
$THIRD   project:read                       $three
_EOC_

my $nginx = ET::Server->start("sentry", locations => <<"_EOC_");
        location /api/0/ {
            errortracking_api sentry;
            errortracking_tokens $ET::DIR/tokens;
            errortracking_keys $ET::KEYS;
            errortracking_key_secret "$SECRET";
            errortracking_query /query;
            errortracking_api_timeout 20s;
        }

        location /in/front/api/0/ {
            errortracking_api sentry;
            errortracking_tokens $ET::DIR/tokens;
            errortracking_query /query;
        }

        location = /query {
            internal;
            proxy_pass $ET::CLICKHOUSE/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
_EOC_


# Each test has a project of its own.
sub next_project {
    return ++$project;
}


sub call {
    my ($path, %has) = @_;
    my $token = exists $has{token} ? $has{token} : $ALL;
    my $answer = $nginx->request($has{method} || "GET", $path,
        { headers => { defined $token
                           ? (Authorization => "Bearer $token") : (),
                       $has{headers} ? %{ $has{headers} } : () },
          defined $has{content} ? (content => $has{content}) : () });

    if (length $answer->{content}) {
        is($answer->{headers}{"content-type"}, "application/json",
           "$path is answered with JSON") or diag($answer->{content});
        $answer->{json} = eval {
            JSON::PP->new->utf8->allow_nonref->decode($answer->{content});
        };
        ok(defined $answer->{json}, "the answer of $path is JSON")
            or diag($answer->{content});
    }

    return $answer;
}


sub get {
    my ($path, %has) = @_;
    my $answer = call("/api/0/$path", %has);

    is($answer->{status}, $has{status} || 200, "$path is answered "
       . ($has{status} || 200)) or diag($answer->{content});

    return $answer->{json};
}


# A page of a list, and its cursors, as GitLab and sentry-cli read them.
sub page {
    my ($path, %has) = @_;
    my $answer = call("/api/0/$path", %has);
    my %pages;

    is($answer->{status}, 200, "$path is answered 200")
        or diag($answer->{content});

    for (split /, (?=<)/, $answer->{headers}{link} || "") {
        like($_, qr/^<http[^<>]+>; rel="\w+"; results="\w+"; cursor="[^"]+"$/,
             "a link has its attributes in order");
        next unless /rel="(\w+)";\s+results="(\w+)";\s+cursor="(.+)"/;
        $pages{$1} = $2 eq "true" ? $3 : "";
    }

    is(join(" ", sort keys %pages), "next previous", "both links are there");

    return ($answer->{json}, \%pages);
}


sub encoded {
    my ($text) = @_;
    $text =~ s/([^A-Za-z0-9_.~-])/sprintf "%%%02X", ord $1/ge;
    return $text;
}


# An error of its own: events of one type, seconds ago each.
my $n = 0;

sub send_error {
    my ($type, $value, $has, @ago) = @_;

    for my $ago (@ago) {
        my $id = new_id();
        my %event = (event_id => $id, timestamp => time() - $ago,
            platform => "python", environment => "production",
            release => "app\@1.0", transaction => "views.$type",
            logger => "app.log", user => { id => "u" . $n++ },
            exception => { values => [ { type => $type, value => $value } ] },
            %$has);
        my $status = $nginx->post(JSON::PP->new->utf8->encode(\%event),
                                  $has->{project} || $project);
        is($status, 200, "an event of $type is accepted") if $status != 200;
    }
}


sub stored {
    my ($events, $of) = @_;
    $of ||= $project;

    $nginx->drained;

    my $stored = until_true {
        !grep { sql("SELECT sum(n) FROM errortracking.$_ WHERE project_id = "
                    . $of) != $events } qw(errors error_counts error_changes)
    };

    # the view of tags comes last
    return $stored && until_true {
        sql("SELECT sum(n) FROM errortracking.error_tags WHERE project_id = "
            . "$of AND key = 'environment'") >= $events
    };
}


sub slugs {
    my ($list) = @_;
    return join " ", map { $_->{slug} } @$list;
}


# Two projects with names, of two organizations; one without.
send_error("First", "of one", { project => $one }, 10);
send_error("First", "of two", { project => $two }, 10);
send_error("First", "of three", { project => $three }, 10);
stored(1, $_) for $one, $two, $three;


subtest "without a token, or with another, nothing is answered" => sub {
    for ([undef], ["no-such-token-in-this-file"], [""], ["$READ "x 2],
         [$ALL . "x"], [substr $ALL, 1])
    {
        my $answer = call("/api/0/projects/", token => $_->[0]);
        is($answer->{status}, 401, "it is refused");
        like($answer->{headers}{"www-authenticate"}, qr/^Bearer /,
             "with a challenge");
        ok(length $answer->{json}{detail}, "and a detail");
    }

    for ("bearer $ALL", "BEARER  $ALL", "Bearer\t$ALL ") {
        is(call("/api/0/", token => undef, headers => { Authorization => $_ })
           ->{status}, 200, "the scheme is in any case: $_");
    }

    for ("Basic $ALL", "Bearer", "Token $ALL", $ALL) {
        is(call("/api/0/", token => undef, headers => { Authorization => $_ })
           ->{status}, 401, "no bearer's: $_");
    }

    is(call("/api/0/nothing/")->{status}, 404, "no such path");
    is(call("/api/0/projects/", method => "PUT")->{status}, 405,
       "no such method");
};


subtest "who asks is answered with the token's scopes and name" => sub {
    my $info = get("", token => $READ);
    is_deeply($info->{auth}{scopes},
              ["org:read", "project:read", "event:read"], "scopes");
    is($info->{user}, undef, "a token without a name is nobody's");
    is(get("")->{user}{email}, "robot", "one with a name is its");
    is(get("users/me/")->{id}, "robot", "users/me");
};


subtest "a call needs a scope" => sub {
    is(get("projects/", token => $ISSUES, status => 403)->{detail},
       "the token has no scope for this", "it is refused");
    get("projects/o/$one/", token => $ISSUES, status => 403);
    get("organizations/o/", token => $ISSUES, status => 403);
    get("organizations/", token => $ISSUES);
};


subtest "projects without a name are called by their number" => sub {
    my ($list) = page("projects/", token => $READ);
    is(slugs($list), "$one $two", "the token's projects, and no other");
    is($list->[0]{id}, "$one", "an id is a string of digits");
    is($list->[0]{name}, "$one", "so is the name");
    is($list->[0]{status}, "active", "status");
    is($list->[0]{organization}{slug}, "default", "organization");

    is(slugs(get("organizations/any-name/projects/", token => $READ)),
       "$one $two", "they are of any organization");
    is(get("organizations/any-name/projects/", token => $READ)
       ->[0]{organization}{slug}, "any-name", "which is theirs then");
    is(slugs(get("organizations/any-name/projects", token => $READ)),
       "$one $two", "with and without a slash");

    is(get("projects/any-name/$one/", token => $READ)->{slug}, $one,
       "a project by its number");
    get("projects/any-name/$three/", token => $READ, status => 404);
    get("projects/any-name/nothing/", token => $READ, status => 404);
    is(get("projects/any-name/$three/", token => $THIRD)->{slug}, $three,
       "which is there for another token");

    is(slugs(get("organizations/", token => $READ)), "default",
       "one organization");
    my $o = get("organizations/any-name/", token => $READ);
    is($o->{slug}, "any-name", "of any name");
    is($o->{status}{id}, "active", "which is active");
    like($o->{id}, qr/^\d+$/, "whose id is digits");
    is(slugs($o->{projects}), "$one $two", "with its projects");
    is_deeply(get("organizations/any-name/repos/", token => $READ), [],
              "no repositories");
    is(slugs(get("organizations/any-name/teams/", token => $READ)),
       "any-name", "one team");
};


subtest "a project's keys are its DSNs" => sub {
    my ($list) = page("projects/o/$one/keys/", token => $READ);
    my $secret = `printf %s $one | openssl dgst -sha256 -hmac "$SECRET" -r`;
    my $host = "127.0.0.1:$nginx->{port}";

    is(join(" ", map { $_->{dsn}{public} } @$list), join(" ",
       "http://$KEY\@$host/$one",
       "http://" . substr($secret, 0, 32) . "\@$host/$one"),
       "of the keys file, and of the secret");
    is($list->[0]{public}, $KEY, "public");
    is($list->[0]{projectId}, $one, "projectId");
    is($list->[0]{dsn}{security}, "http://$host/api/$one/security/"
       . "?sentry_key=$KEY", "security");

    is_deeply(call("/in/front/api/0/projects/o/$one/keys/")->{json}, [],
              "a location that knows no keys has none to tell");
    get("projects/o/$three/keys/", token => $READ, status => 404);
};


subtest "names come from the table of projects" => sub {
    sql("INSERT INTO errortracking.projects (project_id, organization, slug, "
        . "name, platform) VALUES ($one, 'acme', 'shop', 'The shop', 'php'), "
        . "($two, 'other', 'shop', 'Their shop', '')");

    my $list = get("organizations/acme/projects/", token => $READ);
    is(slugs($list), "shop", "an organization's projects");
    is($list->[0]{id}, $one, "and not another's of the same slug");
    is($list->[0]{name}, "The shop", "name");
    is($list->[0]{platform}, "php", "platform");
    is($list->[0]{organization}{slug}, "acme", "organization");

    is(get("projects/acme/shop/", token => $READ)->{id}, $one, "by slug");
    is(get("projects/other/shop/", token => $READ)->{id}, $two,
       "of the other one, too");
    is(get("projects/acme/$one/", token => $READ)->{id}, $one, "by number");
    get("projects/acme/$two/", token => $READ, status => 404);
    get("organizations/nothing/projects/", token => $READ, status => 404);
    is(slugs(get("organizations/", token => $READ)), "acme other",
       "the organizations of the token's projects");

    sql("INSERT INTO errortracking.projects (project_id) "
        . "VALUES ($one), ($two)");
};


subtest "tokens are read again with the configuration" => sub {
    my $new = "a-token-that-was-not-there-yet";

    ET::write_file("$ET::DIR/tokens.new",
                   `cat $ET::DIR/tokens` . "$new project:read $three\n");
    rename "$ET::DIR/tokens.new", "$ET::DIR/tokens";
    is(call("/api/0/projects/", token => $new)->{status}, 401, "not yet");
    ok($nginx->reload, "a reload");
    until_true { call("/api/0/projects/", token => $new)->{status} == 200 };
    is(slugs(get("projects/", token => $new)), $three, "now it opens its own");
};


$nginx->no_alerts;
ok($nginx->quit, "nginx ends in good order");

done_testing;
