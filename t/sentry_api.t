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
use ET::Read;
use ET::Server;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $ALL = "sntrys_all-projects.and~scopes";
my $EVERY = "a-token-of-every-project";
my $READ = "a-token-that-reads-two-projects";
my $ISSUES = "a-token-of-events-of-one-project";
my $THIRD = "a-token-of-the-third-project";
my $SECRET = "a secret of the test's own";

# "1 project, its slug": what tests get from next_project() lies behind these
my ($one, $two, $three) = map { $PROJECT + 100 + $_ } 1 .. 3;
my $project = $PROJECT;

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 300);
my $mine = join ",", map { $PROJECT + $_ } 1 .. 300;

ET::write_file("$ET::DIR/tokens", <<"_EOC_");
# tokens of the test: other suites have projects in the same ClickHouse
$ALL     *                                  $mine   name=robot
$EVERY   *                                  *
$READ    org:read,project:read,event:read   $one,$two
$ISSUES  event:admin                        $one
$THIRD   project:read                       $three
_EOC_

my $nginx = ET::Server->start("sentry", locations => <<"_EOC_");
@{[sentry_api(qq(errortracking_keys $ET::KEYS; errortracking_key_secret "$SECRET";))]}

        location /in/front/api/0/ {
            errortracking_api sentry;
            errortracking_tokens $ET::DIR/tokens;
            errortracking_query /query;
        }

@{[query_location()]}
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
    ok(3 <= grep({ $_->{id} =~ /^(?:$one|$two|$three)$/ }
                 @{ get("projects/", token => $EVERY) }),
       "a token of all projects sees what has errors");
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



sub titles {
    my ($list) = @_;
    return join " ", map { $_->{metadata}{type} || $_->{title} } @$list;
}


subtest "an error is an issue, with every key that GitLab reads" => sub {
    next_project();
    send_error("ValueError", "no such thing", {}, 7200, 20, 10);
    ok(stored(3), "the events are stored");

    my ($list, $pages) = page("projects/o/$project/issues/?limit=20&query="
                              . "is%3Aunresolved&sort=new");
    is(scalar @$list, 1, "one issue");
    is_deeply($pages, { next => "", previous => "" }, "and one page");

    my $issue = $list->[0];
    like($issue->{id}, qr/^\d+$/, "an id is digits");
    ok($issue->{id} < 2 ** 53, "and a JavaScript number holds it");
    is($issue->{title}, "ValueError: no such thing", "title");
    is($issue->{metadata}{value}, "no such thing", "metadata.value");
    is($issue->{type}, "error", "type");
    is($issue->{culprit}, "views.ValueError", "culprit");
    is($issue->{level}, "error", "level");
    is($issue->{logger}, "app.log", "logger");
    is($issue->{status}, "unresolved", "status");
    is($issue->{substatus}, "new", "substatus");
    ok(!ref $issue->{count} && $issue->{count} eq "3", "count");
    is($issue->{userCount}, 3, "userCount");
    is_deeply($issue->{project}, { id => "$project", name => "$project",
        slug => "$project", platform => undef }, "project");
    like($issue->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
         "$_ is RFC 3339") for qw(firstSeen lastSeen);
    is_deeply($issue->{$_}, [], $_) for qw(annotations pluginIssues);
    is($issue->{firstRelease}{version}, "app\@1.0", "firstRelease");
    is($issue->{lastRelease}{shortVersion}, "1.0", "lastRelease");
    ok(exists $issue->{lastRelease}{lastCommit}, "lastCommit");
    like($issue->{shortId}, qr/^\Q$project\E-[0-9A-Z]+$/, "shortId");
    is($issue->{permalink}, "http://127.0.0.1:$nginx->{port}/organizations/o/"
       . "issues/$issue->{id}/", "permalink");

    my $raw = call("/api/0/projects/o/$project/issues/")->{content};
    like($raw, qr/"count":"3"/, "count is a string");
    like($raw, qr/"userCount":3\b/, "userCount is a number");

    my $hours = $issue->{stats}{"24h"};
    is(scalar @$hours, 24, "24 hours of counts");
    my $sum = 0;
    $sum += $_->[1] for @$hours;
    is($sum, 3, "which count the events");

    is(scalar @{ get("projects/o/$project/issues/?statsPeriod=14d")
                 ->[0]{stats}{"14d"} }, 14, "two weeks of them");
    is_deeply(get("projects/o/$project/issues/?statsPeriod=")->[0]{stats}, {},
              "or none");

    for ("issues/$issue->{id}/", "organizations/o/issues/$issue->{id}/",
         "issues/$issue->{shortId}/", "issues/" . lc($issue->{shortId}))
    {
        my $same = get($_);
        is($same->{$_}, $issue->{$_}, "it has the same $_")
            for qw(id title count firstSeen lastSeen status);
        is_deeply($same->{stats}, $issue->{stats}, "and the same counts");
        is($same->{activity}[0]{type}, "first_seen", "and an activity");
    }

    is(get("organizations/o/shortids/$issue->{shortId}/")->{groupId},
       $issue->{id}, "its id by its short id");
    get("issues/$_/", status => 404)
        for 1, 0, "18446744073709551615", "x", "x-", "-x", "x-zzzzzzzzzzzzzz",
            "%20", "a-b%22";
    is($nginx->get("/api/0/issues/1%00/")->{status}, 400, "NGINX takes no NUL");
};


subtest "the same error of two projects is two issues" => sub {
    my $first = next_project();
    send_error("Twin", "the same", {}, 10);
    ok(stored(1), "of one");
    my $second = next_project();
    send_error("Twin", "the same", {}, 10);
    ok(stored(1), "of another");

    my $list = get("organizations/o/issues/?project=$first&project=$second"
                   . "&query=Twin");
    is(scalar @$list, 2, "two issues");
    isnt($list->[0]{id}, $list->[1]{id}, "of two ids");

    get("issues/$list->[0]{id}/", method => "PUT",
        content => '{"status":"resolved"}');
    is(get("issues/$list->[1]{id}/")->{status}, "unresolved",
       "a decision about one is none about the other");
};


subtest "the order by users is exact, whatever is frequent" => sub {
    next_project();

    # how often, and by how many users: u0, u1, ...
    my %seen = (Loud => [12, 1], Wide => [6, 6], Half => [8, 4],
                Rare => [2, 2], Alone => [3, 0], Some => [5, 3]);
    my $events = 0;

    for my $type (keys %seen) {
        my ($n, $users) = @{ $seen{$type} };
        send_error($type, "an error", { user => $users == 0 ? undef
            : { id => "u" . $_ % $users } }, 60 + $_) for 0 .. $n - 1;
        $events += $n;
    }

    ok(stored($events), "the events are stored");

    my $url = "projects/o/$project/issues/?sort=user";
    my $order = "Wide Half Some Rare Loud Alone";

    for my $query ("", "&query=is:unresolved", "&query=an+error",
                   "&query=is:unresolved&statsPeriod=24h")
    {
        for my $limit (1, 2, 3, 100) {
            my ($list, $pages) = page("$url$query&limit=$limit");
            my @titles = titles($list);

            while ($pages->{next}) {
                ($list, $pages) = page("$url$query&limit=$limit&cursor="
                                       . encoded($pages->{next}));
                push @titles, titles($list);
            }

            is("@titles", $order, "limit $limit, query '$query'");
        }
    }

    my ($wide) = grep { $_->{metadata}{type} eq "Wide" } @{ get($url) };
    get("issues/$wide->{id}/", method => "PUT",
        content => '{"status":"resolved"}');
    is(titles(get("$url&query=is:unresolved&limit=2")), "Half Some",
       "without the first, which is resolved");
};


subtest "a page is filled whatever was decided about the errors" => sub {
    next_project();

    # most frequent first; most of the first 20 are decided about, more than a
    # page asks for, and few of the others
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
        . "first_timestamp, received, project_id, fingerprint, event_id, "
        . "users, level, environment, type, value, payload) "
        . "SELECT 1, 200 - number, "
        . "now64(6) - number * 60, now64(6) - number * 60, now64(6), "
        . "$project, number + 1, generateUUIDv4(number), "
        . "range(1, 2 + number % 7), 'error', 'e', "
        . "concat('E', toString(number)), 'v', '{}' FROM numbers(40)");
    sql("INSERT INTO errortracking.error_status (project_id, fingerprint, "
        . "version, changed, status, until_n) SELECT $project, number + 1, "
        . "now64(6), now64(6) - if(number % 8 = 5, 86400, 0), "
        . "if(number % 8 = 7, 'ignored', 'resolved'), "
        . "if(number % 16 = 7, 1, 0) FROM numbers(40) "
        . "WHERE if(number < 20, number % 8 != 3, number % 4 = 1)");
    ok(stored(8000 - 780), "40 errors");

    my $url = "projects/o/$project/issues/?query=";
    my %is = map { $_->{metadata}{type} => $_->{status} }
        @{ get("$url&limit=100") };
    is(join(" ", map { my $is = $_; scalar grep { $_ eq $is } values %is }
            qw(unresolved resolved ignored)), "24 15 1", "of all states");

    for my $sort (qw(date new freq user)) {
        my @all = split / /, titles(get("$url&limit=100&sort=$sort"));

        for my $state (qw(unresolved resolved ignored any)) {
            for my $not ("", "!") {
                next if $state eq "any" && $not;
                my $query = $state eq "any" ? "" : "${not}is:$state";
                my @those = grep { $query eq ""
                                   || (($is{$_} eq $state) xor $not) } @all;

                for my $limit (2, 5) {
                    my ($cursor, @seen) = "";

                    for (0 .. @those) {
                        my ($list, $pages) = page("$url$query&sort=$sort&limit"
                            . "=$limit&cursor=" . encoded($cursor));
                        push @seen, split / /, titles($list);
                        $cursor = $pages->{next} or last;
                    }

                    is("@seen", "@those", "$sort, $limit, '$query'");
                }
            }
        }
    }

    my ($page, $pages) = page("${url}is:unresolved&limit=3&sort=freq");
    my (undef, $second) = page("${url}is:unresolved&limit=3&sort=freq&cursor="
                               . encoded($pages->{next}));
    my ($back) = page("${url}is:unresolved&limit=3&sort=freq&cursor="
                      . encoded($second->{previous}));
    is(titles($back), titles($page), "and back again");
};


subtest "by users one error of several projects is as many" => sub {
    my @of = map { next_project() } 1 .. 5;
    my $add = sub {
        my ($of, $fingerprint, $n, $users) = @_;

        sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
            . "first_timestamp, received, project_id, fingerprint, event_id, "
            . "users, level, environment, type, value, payload) SELECT 1, $n, "
            . "now64(6), now64(6), now64(6), $of, $fingerprint, "
            . "generateUUIDv4(), range(1, 1 + $users), 'error', 'e', "
            . "'U$users', 'v', '{}'");
    };

    $add->($of[0], 1, 5000, 950);
    $add->($of[0], 7, 1000, 900);
    $add->($of[$_], 7, 1000 + $_, 10 + $_) for 1 .. 4;
    $add->($of[0], 9, 5, 3);
    ok(stored(1004, $of[4]), "the last one is stored");

    my ($cursor, @seen) = "";

    for (1 .. 9) {
        my ($list, $pages) = page("organizations/o/issues/?sort=user&query="
            . "&limit=1&cursor=" . encoded($cursor)
            . join "", map { "&project=$_" } @of);
        push @seen, titles($list);
        $cursor = $pages->{next} or last;
    }

    is("@seen", "U950 U900 U14 U13 U12 U11 U3", "each is once on its page");
};


subtest "by users a list is exact, whenever users were counted" => sub {
    my @of = map { next_project() } 1 .. 2;
    my $where = "project_id IN (" . join(",", @of) . ")";

    # errors of up to 80 users that were seen up to 30 times as often, so that
    # the most frequent have few; a multiple of 8 is resolved
    my $add = sub {
        my ($from, $errors, $most) = @_;

        sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
            . "first_timestamp, received, project_id, fingerprint, event_id, "
            . "users, level, environment, type, value, payload) "
            . "SELECT 1, users * (1 + cityHash64(f, 2) % 30) + 1, now64(6), "
            . "now64(6), now64(6), [$of[0], $of[1]][1 + f % 2], f, "
            . "generateUUIDv4(f), arrayMap(x -> $from + x, range(1, 1 + "
            . "users)), 'error', 'e', concat('E', toString(f)), 'v', '{}' "
            . "FROM (SELECT number + 1 AS f, cityHash64(f, 1) % $most AS users "
            . "FROM numbers($errors))");
    };
    my $resolve = sub {
        sql("INSERT INTO errortracking.error_status (project_id, fingerprint, "
            . "version, changed, status) SELECT project_id, fingerprint, "
            . "now64(6), now64(6), 'resolved' FROM errortracking.errors "
            . "WHERE $where AND fingerprint % 8 = 0 GROUP BY 1, 2");
    };
    my $count = sub {
        sql("SYSTEM $_ VIEW errortracking.errors_counted_mv")
            for "REFRESH", "WAIT";
    };
    my $order = sub {
        sql("SELECT concat('E', toString(fingerprint)) "
            . "FROM errortracking.errors WHERE $where $_[0] "
            . "GROUP BY project_id, fingerprint HAVING sum(errors.n) > 0 "
            . "ORDER BY uniqMerge(users) DESC, project_id DESC, "
            . "fingerprint DESC FORMAT TSV") =~ s/\n(?=.)/ /gr =~ s/\n//r;
    };
    my $check = sub {
        for ([23, "", ""], [7, "is:unresolved", "AND fingerprint % 8 != 0"],
             [7, "is:resolved", "AND fingerprint % 8 = 0"],
             [7, "E1", "AND toString(fingerprint) LIKE '1%'"])
        {
            my ($limit, $query, $those) = @$_;
            my $url = "organizations/o/issues/?sort=user&limit=$limit&query="
                . $query . join "", map { "&project=$_" } @of;
            my ($cursor, @seen, @back, $list, $pages) = "";

            do {
                ($list, $pages) = page("$url&cursor=" . encoded($cursor));
                push @seen, titles($list);
                $cursor = $pages->{next};
            } while $cursor;

            is("@seen", $order->($those), "$_[0], '$query'");

            while ($pages->{previous}) {
                ($list, $pages) = page("$url&cursor="
                                       . encoded($pages->{previous}));
                unshift @back, titles($list) if @$list;
            }

            is("@back $seen[-1]", "@seen", "$_[0], '$query': back");
        }
    };

    $add->(0, 150, 80);
    ok(stored(sql("SELECT sum(n) FROM errortracking.errors WHERE project_id "
                  . "= $of[1]"), $of[1]), "150 errors");
    $resolve->();

    $check->("never");
    $count->();
    is(sql("SELECT countIf(users != counted_users OR n != counted_n) FROM "
           . "(SELECT uniqMerge(users) AS users, sum(counted_users) AS "
           . "counted_users, sum(counted_n) AS counted_n, sum(errors.n) AS n "
           . "FROM errortracking.errors WHERE $where "
           . "GROUP BY project_id, fingerprint) WHERE n > 32"), 0,
       "users are counted of all that were seen more than 32 times");
    $check->("when all are counted");
    $add->(40, 60, 80);
    $add->(40, 160, 2);
    $resolve->();
    $check->("when some have come since");
    $count->();
    $check->("when these are counted, too");

    # as a count leaves it behind that runs while its error is deleted
    sql("INSERT INTO errortracking.errors (project_id, fingerprint, "
        . "first_seen, last_seen, n, counted_users, counted_n) "
        . "SELECT $of[0], 7777, toDateTime64('2299-12-31 00:00:00', 6, 'UTC'), "
        . "now64(6), 0, 99, 999");
    $check->("with a count of what is deleted");

    my $all = "projects/o/$of[0]/issues/?query=&limit=100";
    is((grep { $_->{count} == 0 } map { @{ get("$all&sort=$_") } }
            qw(date new freq user)), 0, "which no list has");
    get("issues/" . sql("SELECT bitAnd(7777 + $of[0] * 11400714819323198485, "
                        . "9007199254740991)") . "/", status => 404);
    is(sql("SELECT count() FROM errortracking.errors_list "
           . "WHERE project_id = $of[0] AND fingerprint = 7777"), 0,
       "nor errors_list");

    # until it is seen again
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
        . "first_timestamp, received, project_id, fingerprint, event_id, users, "
        . "level, environment, type, value, payload) SELECT 1, 400, now64(6), "
        . "now64(6) - 5, now64(6), $of[0], 7777, generateUUIDv4(), [1, 2, 3], "
        . "'error', 'e', 'E7777', 'v', '{}'");
    $check->("when it is seen again");
    $count->();
    $check->("when it is counted");
    is(sql("SELECT counted_users, counted_n, first_seen > now() - 60 "
           . "FROM errortracking.errors FINAL WHERE project_id = $of[0] "
           . "AND fingerprint = 7777"), "3\t400\t1", "as it is now");
};


subtest "one call decides about thousands" => sub {
    next_project();
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
        . "first_timestamp, received, project_id, fingerprint, event_id, "
        . "level, environment, type, value, payload) SELECT 1, 1, now64(6), "
        . "now64(6), now64(6), $project, 9007199254730000 + number, "
        . "generateUUIDv4(number), 'error', 'e', 'Many', 'v', '{}' "
        . "FROM numbers(6500)");
    ok(stored(6500), "6500 errors");

    my $url = "projects/o/$project/issues/";
    get($url, method => "PUT", content => '{"status":"resolved"}');
    is(sql("SELECT uniq(fingerprint) FROM errortracking.error_status "
           . "WHERE project_id = $project"), 6000, "the newest 6000");
    is(scalar @{ get("$url?query=is:unresolved&limit=1000") }, 500,
       "the others are as they were");
};


subtest "lists are sorted, filtered and paged" => sub {
    next_project();
    send_error("Old", "the first", { level => "warning",
        release => "app\@0.9" }, 5000, 20);
    send_error("Often", "many times 100%", { environment => "staging",
        tags => { color => "red", "two words" => "a b",
            "only-$project" => "Crimson" } },
        map { 100 * $_ } 1 .. 5);
    send_error("New", "it's 'quoted' {x}", { user => { id => "alice",
        email => 'al@example.com' }, server_name => "web-1" }, 10);
    ok(stored(8), "eight events of three errors");

    my $url = "projects/o/$project/issues/";
    is(titles(get($url)), "New Old Often", "the last seen first");
    is(titles(get("$url?sort=$_->[0]")), $_->[1], "sort=$_->[0]")
        for ["date", "New Old Often"], ["new", "New Often Old"],
            ["freq", "Often Old New"], ["user", "Often Old New"],
            ["priority", "Often Old New"];
    get("$url?sort=$_", status => 400) for "x", "date'", "%7B";

    is(titles(get("$url?query=" . encoded($_->[0]))), $_->[1], "($_->[0])")
        for ["", "New Old Often"],
            ["is:unresolved", "New Old Often"],
            ["!is:unresolved", ""],
            ["is:resolved", ""],
            ["!is:ignored", "New Old Often"],
            ["level:warning", "Old"],
            ["!level:warning", "New Often"],
            ["level:[warning, fatal]", "Old"],
            ["release:app\@1.0", "New Often"],
            ["release:app\@0.*", "Old"],
            ["release:[*\@1*, \"app\@0.9\"]", "New Old Often"],
            ["!release:[*\@1*, x]", "Old"],
            ["environment:STAG*", "Often"],
            ["!release:\"app\@0.9\"", "New Often"],
            ["environment:staging", "Often"],
            ["!environment:staging is:unresolved", "New Old"],
            ["user.id:alice", "New"],
            ["!user.id:alice", "Old Often"],
            ["user.email:al\@example.com", "New"],
            ["user.email:[x*, *\@example.com]", "New"],
            ["!user.email:*\@example.com", "Old Often"],
            ["user:\"id:alice\"", "New"],
            ["user:\"email:al\@example.com\"", "New"],
            ["user:*alice", "New"],
            ["has:user", "New Old Often"],
            ["!has:user.id", ""],
            ["has:user.email", "New"],
            ["!user.email:\"\"", "New"],
            ["user.email:\"\"", "Old Often"],
            ["!has:user.email", "Old Often"],
            ["has:error.type", "New Old Often"],
            ["!has:error.type", ""],
            ["has:firstRelease", "New Old Often"],
            ["has:assigned", ""],
            ["!has:timesSeen", ""],
            ["tags[has]:color", ""],
            ["user.email:*", "New"],
            ["!user.email:*", "Old Often"],
            ["assigned:*", ""],
            ["message:*", "New Old Often"],
            ["message:*quoted*", "New"],
            ["title:Old*", "Old"],
            ["color:red", "Often"],
            ["!color:red", "New Old"],
            ["color:r*", "Often"],
            ["color:\"\"", "New Old"],
            ["!color:\"\"", "Often"],
            ["has:color", "Often"],
            ["!has:color", "New Old"],
            ["\"two words\":\"a b\"", "Often"],
            ["server_name:web-1", "New"],
            ["transaction:views.Old", "Old"],
            ["logger:app.log", "New Old Often"],
            ["error.type:Often", "Often"],
            ["error.type:O*", "Old Often"],
            ["!error.type:O*", "New"],
            ["error.value:*quoted*", "New"],
            ["title:\"Old: the first\"", "Old"],
            ["culprit:views.New", "New"],
            ["platform:python", "New Old Often"],
            ["firstRelease:app\@0.9", "Old"],
            ["timesSeen:5", "Often"],
            ["timesSeen:>1", "Old Often"],
            ["timesSeen:<=2", "New Old"],
            ["firstSeen:-1h", "New Often"],
            ["firstSeen:+1h", "Old"],
            ["age:-1h level:error", "New Often"],
            ["lastSeen:-1m", "New Old"],
            ["lastSeen:<2020-01-01T00:00:00", ""],
            ["many times", "Often"],
            ["MANY TIMES", "Often"],
            ["\"many times\"", "Often"],
            ["m*TIMES", "Often"],
            ["Often: m*", "Often"],
            ["*", "New Old Often"],
            ["\\*", ""],
            ["Old: the first", "Old"],
            ["level:error AND many", "Often"],
            ["\"times many\"", ""],
            ["is:unresolved Often: many", "Often"],
            ["100%", "Often"],
            ["'quoted'", "New"],
            ["{x}", "New"],
            ["color:red many", "Often"],
            ["color:red environment:staging level:error timesSeen:>4 many",
             "Often"],
            ["assigned:nobody", ""],
            ["!assigned:nobody", "New Old Often"],
            ["assigned:\"\"", "New Old Often"],
            ["is:assigned", ""],
            ["is:unassigned", "New Old Often"];

    get("$url?query=" . encoded($_), status => 400)
        for "is:purple", "timesSeen:many", "lastSeen:x", "level:[a",
            "level:error OR level:warning", "color:>4", "color:>", "color:\"",
            "project:1", "has:issue.category", "has:[color, level]",
            "has:>color", "level:error or level:warning",
            join(" ", map { "a:$_" } 1 .. 30);

    is(titles(get("$url?environment=staging")), "Often", "environment");
    is(titles(get("$url?environment=staging&environment=production")),
       "New Old Often", "two of them");

    # this tag is this project's, which is one of a token's
    for my $word ("only-$project:Crimson", "only-$project:[x, Crimson]",
                  "only-$project:c*", "only-$project:[x*, *SON]",
                  "has:only-$project", "!only-$project:\"\"",
                  "only-$project:Crimson !level:warning")
    {
        my $path = "organizations/o/issues/?query=" . encoded($word);

        is(titles(get($path)), "Often", "($word) of a token's projects");
        is(titles(get($path, token => $READ)), "", "($word) of another's");
    }

    my $all = "organizations/o/issues/?project=$project";
    is(titles(get($all)), "New Old Often", "of an organization");
    is(titles(get("$all&statsPeriod=1h")), "New Old Often", "seen lately");
    is(titles(get("$all&statsPeriod=50s")), "New Old", "seen very lately");
    is(titles(get("$all&start=2020-01-01T00:00:00&end=2020-02-01T00:00:00")),
       "", "seen long ago");
    is(titles(get("$all&start=2020-01-01T00:00:00&end=2100-02-01T00:00:00")),
       "New Old Often", "seen ever");
    get("$all&$_", status => 400) for "start=x", "end=1'", "statsPeriod=x";
    get("organizations/o/issues/?project=x", status => 403);

    for my $sort (qw(date new freq user)) {
        my (@seen, @back);
        my $cursor = "";
        my ($list, $pages);

        for (1 .. 3) {
            ($list, $pages) = page("$url?sort=$sort&limit=1&cursor="
                                   . encoded($cursor));
            push @seen, titles($list);
            $cursor = $pages->{next};
        }

        is(join(" ", @seen), titles(get("$url?sort=$sort")),
           "$sort: page by page it is the same list");
        is($cursor, "", "$sort: which ends");

        while ($pages->{previous}) {
            ($list, $pages) = page("$url?sort=$sort&limit=1&cursor="
                                   . encoded($pages->{previous}));
            push @back, titles($list) if @$list;
        }

        is(join(" ", reverse(@back), $seen[2]), join(" ", @seen),
           "$sort: and back again");
    }

    is(titles(get("$url?cursor=0:0:0")), "New Old Often",
       "Sentry's first cursor is the first page");
    get("$url?cursor=" . encoded($_), status => 400)
        for "x", "n-1", "n-1-2-3-x", "0:0:'";
    is(scalar @{ get("$url?limit=100000") }, 3, "a limit is cut");
    get("$url?limit=0", status => 400);
};


subtest "an issue is resolved, ignored, assigned, and comes back" => sub {
    next_project();
    send_error("Put", "v", { release => "app\@1.9.0" }, 60, 50);
    ok(stored(2), "an issue");
    my $id = get("projects/o/$project/issues/")->[0]{id};
    my $put = sub {
        my ($body, $path) = @_;
        return get($path || "issues/$id/", method => "PUT",
                   content => JSON::PP->new->utf8->encode($body));
    };
    my $seen = 2;
    my $again = sub {
        my ($release) = @_;
        send_error("Put", "v", { release => $release }, -0.001);
        ok(stored(++$seen), "it is seen again, in $release");
    };
    my $is = sub {
        my ($status, $name) = @_;
        until_true { get("issues/$id/")->{status} eq $status } 10;
        is(get("issues/$id/")->{status}, $status, $name);
        is(titles(get("projects/o/$project/issues/?query=is:$status")), "Put",
           "$name: in the list");
    };

    my $issue = $put->({ status => "resolved" });
    is($issue->{status}, "resolved", "it is resolved");
    is($issue->{activity}[0]{type}, "set_resolved", "which is an activity");
    is($issue->{activity}[0]{user}{id}, "robot", "of the token's");
    is(scalar @{ get("projects/o/$project/issues/") }, 0,
       "it is none of the unresolved, which are the default");

    $again->("app\@1.9.1");
    $is->("unresolved", "a regression");
    $issue = get("issues/$id/");
    is($issue->{substatus}, "regressed", "which is said");
    is($issue->{activity}[0]{type}, "set_regression", "in its activity");
    is($issue->{activity}[0]{data}{version}, "app\@1.9.1", "with the release");
    is($issue->{activity}[0]{dateCreated}, $issue->{lastSeen}, "and the time");
    is(get("projects/o/$project/issues/?query=")->[0]{substatus}, "regressed",
       "and in the list");
    $again->("app\@1.9.2");
    $issue = get("issues/$id/");
    is($issue->{activity}[0]{data}{version}, "app\@1.9.1",
       "the release in which it came back first");

    $issue = $put->({ status => "resolved",
                      statusDetails => { inRelease => "app\@1.10.0" } },
                    "organizations/o/issues/$id/");
    is_deeply($issue->{statusDetails}, { inRelease => "app\@1.10.0" },
              "resolved in a release");
    $again->("app\@1.9.3");
    $is->("resolved", "seen in one before");
    $again->("app\@1.10.0");
    $is->("unresolved", "seen in that one");
    $issue = get("issues/$id/");
    is($issue->{activity}[0]{data}{version}, "app\@1.10.0",
       "it came back in that one");
    is($issue->{activity}[1]{type}, "set_resolved_in_release",
       "from which it was resolved");

    for ({ status => "resolvedInNextRelease" },
         { status => "resolved", statusDetails => { inNextRelease => \1 } })
    {
        $issue = $put->($_);
        is_deeply($issue->{statusDetails}, { inNextRelease => \1 },
                  "resolved in the next release")
            || diag(explain($issue->{statusDetails}));
    }

    $again->("app\@1.10.0");
    $is->("resolved", "seen in the latest");
    $again->("app\@1.11.0");
    $is->("unresolved", "seen in the next");

    $issue = $put->({ status => "resolved",
                      statusDetails => { inRelease => "latest" } });
    is($issue->{statusDetails}{inRelease}, "app\@1.11.0",
       "resolved in the latest release");

    $issue = $put->({ status => "ignored" });
    is($issue->{status}, "ignored", "ignored");
    is($issue->{substatus}, "archived_forever", "for ever");
    $again->("app\@1.12.0");
    $is->("ignored", "whatever comes");

    $issue = $put->({ status => "ignored",
                      statusDetails => { ignoreCount => 2 } });
    is($issue->{statusDetails}{ignoreCount}, 2, "ignored for two more");
    is($issue->{substatus}, "archived_until_condition_met", "which is said");
    $again->("app\@1.12.0");
    $is->("ignored", "the first");
    $again->("app\@1.12.0");
    $is->("unresolved", "the second");

    $issue = $put->({ status => "ignored",
                      statusDetails => { ignoreUserCount => 1 } });
    is($issue->{statusDetails}{ignoreUserCount}, 1, "for one more user");
    $again->("app\@1.12.0");
    $is->("unresolved", "who comes");

    $issue = $put->({ status => "ignored",
                      statusDetails => { ignoreDuration => 60 } });
    like($issue->{statusDetails}{ignoreUntil}, qr/^20.*Z$/, "for an hour");
    is($put->({ status => "muted", snoozeDuration => 5 })->{status},
       "ignored", "as sentry-cli and older ones say it");

    $issue = $put->({ assignedTo => 'al@example.com' });
    is($issue->{assignedTo}{email}, 'al@example.com', "assigned");
    is($issue->{status}, "ignored", "which leaves the status");
    is($put->({ status => "unresolved" })->{assignedTo}{id},
       'al@example.com', "as a status leaves it");
    is(titles(get("projects/o/$project/issues/?query="
                  . encoded("assigned:al\@example.com"))), "Put",
       "found by it");
    is(titles(get("projects/o/$project/issues/?query=is:assigned")), "Put",
       "and as one that is assigned");
    is(titles(get("projects/o/$project/issues/?query=is:unassigned")), "",
       "and not as one that is not");
    is($put->({ assignedTo => "team:web" })->{assignedTo}{type}, "team",
       "to a team");
    is($put->({ assignedTo => undef })->{assignedTo}, undef, "to nobody");
    is($put->({})->{status}, "unresolved", "a body that says nothing");
    is($put->({ hasSeen => \1, isBookmarked => \1 })->{status}, "unresolved",
       "and one that says what is not kept");

    get("issues/$id/", method => "PUT", content => $_, status => 400)
        for '{"status":"purple"}', '{"status":1}', "[]", "", "nonsense",
            "{\"status\":\"resolved\0\"}", "\xff", '{"assignedTo":1}',
            '{"status":"ignored","statusDetails":{"ignoreCount":"x"}}',
            '{"status":"ignored","statusDetails":{"ignoreCount":-1}}',
            '{"status":"ignored","statusDetails":{"ignoreDuration":1e99}}',
            '{"status":"ignored","ignoreCount":1,"ignoreWindow":5}',
            '{"status":"resolved","statusDetails":{"inRelease":7}}';
    get("issues/1/", method => "PUT", content => '{"status":"resolved"}',
        status => 404);
};


subtest "what statusDetails say is done, or refused" => sub {
    next_project();
    send_error("Put", "v", {}, 10);
    ok(stored(1), "an issue");
    my $url = "projects/o/$project/issues/";
    my $id = get($url)->[0]{id};

    for (['{"status":"resolved","statusDetails":{"inCommit":{"commit":"a",'
          . '"repository":"r"}}}', qr/^inCommit is not known here/],
         ['{"status":"ignored","statusDetails":{"ignoreCount":1,"in\"x":1}}',
          qr/^in"x is not known here/],
         ['{"status":"resolved","statusDetails":{"' . "\xc3\xa4" x 100
          . '":1}}', qr/^\xe4{32} is not/],
         ['{"statusDetails":{"inUpcomingRelease":true}}',
          qr/^inUpcomingRelease is not known here/],
         ['{"statusDetails":{"inRelease":"x"}}',
          qr/^statusDetails need a status$/],
         ['{"status":null,"statusDetails":{"ignoreCount":1}}',
          qr/^statusDetails need a status$/],
         ['{"assignedTo":"al","statusDetails":{"inRelease":"x"}}',
          qr/^statusDetails need a status$/],
         ['{"status":"resolved","statusDetails":"inRelease"}',
          qr/^statusDetails have to be an object$/],
         ['{"status":"resolved","statusDetails":["inRelease"]}',
          qr/^statusDetails have to be an object$/])
    {
        my ($body, $detail) = @$_;

        like(get($_, method => "PUT", content => $body, status => 400)
             ->{detail}, $detail, "$_: $body") for "issues/$id/", $url;
    }

    my $issue = get("issues/$id/");
    is($issue->{status}, "unresolved", "it is as it was");
    is($issue->{assignedTo}, undef, "and nobody's");

    for my $details ("{}", "[]", "null", '{"inRelease":null}',
                     '{"inCommit":null}')
    {
        is(get("issues/$id/", method => "PUT",
               content => "{\"statusDetails\":$details}")->{status},
           "unresolved", "$details says nothing");
        is(get("issues/$id/", method => "PUT", content =>
               "{\"status\":\"resolved\",\"statusDetails\":$details}")
           ->{status}, "resolved", "and leaves a status alone");
        get("issues/$id/", method => "PUT",
            content => '{"status":"unresolved"}');
    }
};


subtest "a limit of issues is named as it is" => sub {
    my $url = "issues/?query=&limit";

    for ("projects/o/$project/$url", "organizations/o/$url") {
        for my $bad (0, -1, "x", "1.5", "9" x 30) {
            is(get("$_=$bad", status => 400)->{detail},
               "limit has to be a number from 1 to 1000", "$_=$bad");
        }

        for my $good (1, 1000, 1001, "18446744073709551615") {
            get("$_=$good");
        }
    }
};


subtest "several are decided about, and deleted" => sub {
    next_project();
    send_error($_, "v", {}, 10) for qw(A B C D);
    ok(stored(4), "four issues");
    my $url = "projects/o/$project/issues/";
    my %id = map { $_->{metadata}{type} => $_->{id} } @{ get($url) };
    my $names = sub {
        return join " ", sort map { $_->{metadata}{type} }
               @{ get("$url?query=is:$_[0]") };
    };
    my $resolved = '{"status":"resolved"}';

    my $answer = get("$url?id=$id{A}&id=$id{B}", method => "PUT",
                     content => $resolved);
    is_deeply($answer, { status => "resolved", statusDetails => {} },
              "what was decided");
    is($names->("resolved"), "A B", "two by their ids");
    is(call("/api/0/$url?id=1", method => "PUT", content => $resolved)
       ->{status}, 204, "none of an id that is not there");
    get("$url?status=resolved", method => "PUT",
        content => '{"status":"muted"}');
    is($names->("ignored"), "A B", "those of a status");
    get("organizations/o/issues/?project=$project&query="
        . encoded("is:unresolved error.type:C"), method => "PUT",
        content => $resolved);
    is($names->("resolved"), "C", "those of a query");
    get("$url", method => "PUT", content => '{"status":"unresolved"}');
    is($names->("unresolved"), "A B C D", "all of a project");

    get("organizations/o/issues/", method => "PUT", content => $resolved,
        status => 400);
    get("$url?id=x", method => "PUT", content => $resolved, status => 400);
    get("$url?id=$id{A}", method => "PUT", content => "{", status => 400);
    get($url, method => "DELETE", status => 400);
    get("$url?query=", method => "DELETE", status => 400);

    my $other = next_project();
    send_error("A", "v", {}, 10);
    ok(stored(1), "the same error of another project");

    is(call("/api/0/$url?id=$id{A}", method => "DELETE")->{status}, 204,
       "one is deleted");
    is($names->("unresolved"), "B C D", "and gone");
    get("issues/$id{A}/", status => 404);
    is(call("/api/0/organizations/o/issues/$id{B}/", method => "DELETE")
       ->{status}, 202, "one by its path");
    is(call("/api/0/issues/$id{C}/", method => "DELETE")->{status}, 202,
       "and by the shorter one");
    is($names->("unresolved"), "D", "they are gone, too");
    is(titles(get("projects/o/$other/issues/")), "A", "another's are not");

    my ($of) = $url =~ m{o/(\d+)/};
    is(sql("SELECT count() FROM errortracking.$_ WHERE project_id = $of"),
       $_ =~ /tag|status/ ? sql("SELECT count() FROM errortracking.$_ WHERE "
           . "project_id = $of AND fingerprint IN (SELECT fingerprint FROM "
           . "errortracking.events WHERE project_id = $of)") : 1,
       "nothing of theirs is left in $_")
        for qw(events events_by_time errors error_counts error_tags
               errors_by_tag error_changes error_status);
};


subtest "a tokens file that is wrong is an error of nginx -t" => sub {
    ET::write_file("$ET::DIR/tokens", "# first\n$READ event:red 1\n");

    my $conf = "$nginx->{dir}/nginx.conf";
    my $said = `$ET::NGINX -t -p $nginx->{dir} -c $conf -e stderr 2>&1`;

    like($said, qr/unknown scope "event:red" in \S+tokens:2$/m,
         "with the line, and what is wrong");
    unlike($said, qr/\Q$READ\E/, "and without the token");
};


$nginx->no_alerts;
ok($nginx->quit, "nginx ends in good order");

done_testing;
