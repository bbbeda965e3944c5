#!/usr/bin/perl
#
# GitLab's errortracking-api, asked and read the way its client does: the
# token's header, the paths and parameters of its generated client, the Link
# header by its own pattern, keys and their types, digits-only ids.  Events
# come in as SDKs send them, through this NGINX, into a real ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Proxy;
use ET::Read;
use ET::Server;
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $TOKEN = "a token of gitlab's, 0123456789";
my $BASE = "/errortracking/api/v1";

my $proxy = ET::Proxy->start("gitlab", questions => 1);
my $via = $proxy->url;

my $query = <<"_EOC_";
    internal;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
_EOC_

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 20);
ET::write_file("$ET::DIR/token", "$TOKEN\n# a comment\n");

my $nginx = ET::Server->start("gitlab", locations => <<"_EOC_");
        location $BASE/ {
            errortracking_api gitlab;
            errortracking_token file:$ET::DIR/token;
            errortracking_token "another token while they change";
            errortracking_query /query;
            errortracking_api_timeout 10s;
        }

        location = /query { $query proxy_pass $ET::CLICKHOUSE/; }

        location /slow$BASE/ {
            errortracking_api gitlab;
            errortracking_token file:$ET::DIR/token;
            errortracking_query /query-slow;
            errortracking_api_timeout 1s;
        }

        location = /query-slow { $query proxy_pass $via/; }

        location /small$BASE/ {
            errortracking_api gitlab;
            errortracking_token file:$ET::DIR/token;
            errortracking_query /query buffer=64k;
        }

        location /nowhere$BASE/ {
            errortracking_api gitlab;
            errortracking_token file:$ET::DIR/token;
            errortracking_query /query-nowhere;
        }

        location /throttled$BASE/ {
            errortracking_api gitlab;
            errortracking_token file:$ET::DIR/token;
            errortracking_query /query-throttled;
            errortracking_api_timeout 60s;
        }

        # a row a second, so that what few rows there are take long
        location = /query-throttled {
            $query
            set \$slow "max_execution_speed=1&max_block_size=1";
            set \$args "\$args&\$slow&timeout_before_checking_execution_speed=0";
            proxy_pass $ET::CLICKHOUSE/;
        }

        location = /query-nowhere { $query proxy_pass http://127.0.0.1:1/; }
_EOC_

my $project = $PROJECT;


# Each test has a project of its own.
sub next_project {
    return ++$project;
}


sub call {
    my ($path, %has) = @_;
    my $answer = $nginx->request($has{method} || "GET", $path,
        { headers => { "Gitlab-Error-Tracking-Token" => $has{token} || $TOKEN,
                       $has{headers} ? %{ $has{headers} } : () },
          defined $has{content} ? (content => $has{content}) : () });

    if (($answer->{headers}{"content-type"} || "") eq "application/json"
        && length $answer->{content})
    {
        $answer->{json} = eval { decode_json($answer->{content}) };
        ok(defined $answer->{json}, "the answer of $path is JSON")
            or diag($answer->{content});
    }

    return $answer;
}


# As GitLab's client does: an answer that is no 2xx is no list.
sub get {
    my ($path, %has) = @_;
    my $answer = call("$BASE/$path", %has);

    is($answer->{status}, 200, "$path is answered 200")
        or diag($answer->{content});
    is($answer->{headers}{"content-type"}, "application/json",
       "$path is answered with JSON");

    return $answer->{json};
}


# GitLab's LINK_PATTERN, and what it does with it.
sub pages {
    my ($answer) = @_;
    my %pages;

    for (split /, /, $answer->{headers}{link} || "") {
        next unless /cursor=(?<cursor>[^&]+).*; rel="(?<direction>\w+)"/;
        my ($cursor, $direction) = ($+{cursor}, $+{direction});
        $cursor =~ tr/+/ /;
        $cursor =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        $pages{$direction} = $cursor;
    }

    return \%pages;
}


# An error of its own: events of one type, seconds ago each.
my $n = 0;

sub send_error {
    my ($type, $value, @ago) = @_;

    for my $ago (@ago) {
        my $at = sprintf "%.6f", time() - $ago;
        my $user = $n++;
        my $status = $nginx->post(
            "{\"event_id\":\"" . new_id() . "\",\"timestamp\":$at,"
            . "\"platform\":\"python\",\"environment\":\"production\","
            . "\"release\":\"app\@1.0\",\"transaction\":\"views.$type\","
            . "\"user\":{\"id\":\"$user\"},"
            . "\"exception\":{\"values\":[{\"type\":\"$type\","
            . "\"value\":\"$value\"}]}}", $project);
        is($status, 200, "an event of $type is accepted") if $status != 200;
    }
}


sub stored {
    my ($events) = @_;

    $nginx->drained;

    return until_true {
        sql("SELECT sum(n) FROM errortracking.errors WHERE project_id = "
            . $project) == $events
        && sql("SELECT sum(n) FROM errortracking.error_counts "
               . "WHERE project_id = $project") == $events
        && sql("SELECT sum(n) FROM errortracking.error_changes "
               . "WHERE project_id = $project") == $events
        && sql("SELECT count() FROM errortracking.error_tags "
               . "WHERE project_id = $project") > 0
    };
}


sub names {
    my ($list) = @_;
    return join " ", map { $_->{name} } @$list;
}


subtest "an error that an SDK has sent is listed, with every key" => sub {
    next_project();
    send_error("ValueError", "no such thing", 10, 20, 7200);
    ok(stored(3), "the events are stored");

    my $list = get("projects/$project/errors");
    is(scalar @$list, 1, "one error");

    my $error = $list->[0];
    is(join(" ", sort keys %$error),
       "actor approximated_user_count description event_count fingerprint "
       . "first_seen_at last_seen_at name project_id stats status",
       "it has the client's keys");
    like($error->{fingerprint}, qr/^\d+$/, "the fingerprint is digits");
    ok($error->{fingerprint} < 2 ** 53, "and a JavaScript number holds it");
    is($error->{project_id}, $project, "project_id");
    is($error->{name}, "ValueError", "name");
    is($error->{description}, "no such thing", "description");
    is($error->{actor}, "views.ValueError", "actor");
    is($error->{event_count}, 3, "event_count");
    is($error->{approximated_user_count}, 3, "approximated_user_count");
    is($error->{status}, "unresolved", "status");
    like($error->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
         "$_ is RFC 3339") for qw(first_seen_at last_seen_at);
    ok($error->{first_seen_at} lt $error->{last_seen_at}, "first before last");

    my $hours = $error->{stats}{frequency}{"24h"};
    is(scalar @$hours, 24, "24 hours of frequency, empty ones too");
    is(join(" ", map { $hours->[$_][0] - $hours->[$_ - 1][0] } 1 .. 23),
       join(" ", (3600) x 23), "an hour apart");
    my $sum = 0;
    $sum += $_->[1] for @$hours;
    is($sum, 3, "which count the events");

    like($nginx->get("$BASE/x")->{content}, qr/Token/, "(without a token)");

    my $id = $error->{fingerprint};
    is_deeply(get("projects/$project/errors/$id"), $error,
              "the error by itself is the same");
};


subtest "one details page is three calls, as GitLab makes them" => sub {
    my $id = get("projects/$project/errors")->[0]{fingerprint};
    my ($oldest) = @{ get("projects/$project/errors/$id/events"
                          . "?limit=1&sort=occurred_at_asc") };
    my ($newest) = @{ get("projects/$project/errors/$id/events"
                          . "?limit=1&sort=occurred_at_desc") };

    for ($oldest, $newest) {
        is(join(" ", sort keys %$_), "actor description environment "
           . "fingerprint name payload platform projectId", "an event's keys");
        is($_->{fingerprint}, $id, "fingerprint");
        is($_->{projectId}, $project, "projectId");
        is($_->{environment}, "production", "environment");
        is($_->{platform}, "python", "platform");
        is(decode_json($_->{payload})->{release}, "app\@1.0",
           "the release is in the payload, which is JSON in a string");
    }

    ok(decode_json($oldest->{payload})->{timestamp}
       < decode_json($newest->{payload})->{timestamp}, "oldest and newest");
};


subtest "a status is put, shown, and filtered by" => sub {
    my $id = get("projects/$project/errors")->[0]{fingerprint};
    my $url = "projects/$project/errors/$id";

    my $error = get($url, method => "PUT",
                    content => '{"status":"resolved","updated_by_id":7}');
    is($error->{status}, "resolved", "PUT answers with the error");
    is(get($url)->{status}, "resolved", "it stays that way");
    is(scalar @{ get("projects/$project/errors") }, 0,
       "it is none of the unresolved, which are the default");
    is(scalar @{ get("projects/$project/errors?status=resolved") }, 1,
       "but of the resolved");
    is(sql("SELECT changed_by FROM errortracking.error_status FINAL "
           . "WHERE project_id = $project"), 7, "and who it was is kept");

    send_error("ValueError", "no such thing", 0);
    ok(stored(4), "it is seen again");
    is(get($url)->{status}, "unresolved", "which is a regression: unresolved");
    is(scalar @{ get("projects/$project/errors") }, 1, "and listed");

    get($url, method => "PUT", content => '{"status":"ignored"}');
    send_error("ValueError", "no such thing", 0);
    ok(stored(5), "an ignored error is seen again");
    is(get($url)->{status}, "ignored", "and stays ignored");
    is(get($url, method => "PUT", content => '{"status":"unresolved"}')
       ->{status}, "unresolved", "until somebody says otherwise");

    is(call("$BASE/projects/$project/errors/1", method => "PUT",
            content => '{"status":"resolved"}')->{status}, 404,
       "no error: 404");
    is(sql("SELECT count() FROM errortracking.error_status "
           . "WHERE project_id = $project AND fingerprint = 1"), 0,
       "and nothing is written");

    for ('{"status":"purple"}', '{"status":1}', "{}", "[]", "", "nonsense",
         "{\"status\":\"resolved\0\"}", "\xff")
    {
        is(call("$BASE/$url", method => "PUT", content => $_)->{status}, 400,
           "a body of " . length($_) . " bytes without a status: 400");
    }
};


subtest "lists are sorted, filtered and searched" => sub {
    next_project();
    send_error("Old", "the first", 5000, 20);
    send_error("Often", "many times 100%", map { 100 * $_ } 1 .. 5);
    send_error("New", "it's 'quoted' \\\\{x} \\u00e4\\u00d6", 10);
    ok(stored(8), "eight events of three errors");

    my $url = "projects/$project/errors";
    is(names(get($url)), "New Old Often", "the last seen first");
    is(names(get("$url?sort=last_seen_desc")), "New Old Often", "as asked");
    is(names(get("$url?sort=first_seen_desc")), "New Often Old",
       "the newest first");
    is(names(get("$url?sort=frequency_desc")), "Often Old New",
       "the most frequent first");
    is(names(get("$url?queryPeriod=15m")), "New Old Often", "seen lately");
    is(names(get("$url?query=MANY%20times")), "Often",
       "a search, in any case");
    is(names(get("$url?query=Often:%20many")), "Often",
       "a search as the title is shown");
    is(names(get("$url?query=views.Old")), "Old", "a search for the culprit");
    is(names(get("$url?query=" . encoded($_->[0]))), $_->[1],
       "a search for $_->[0] is for these characters")
        for (["100%", "Often"], ["%", "Often"], ["_", ""], ["'quoted'", "New"],
             ["\\{x}", "New"], ["\xc3\x84\xc3\xb6", "New"], ["\\", "New"]);

    my $often = get("$url?sort=frequency_desc&statsPeriod=1h")->[0];
    is(scalar @{ $often->{stats}{frequency}{"1h"} }, 12,
       "an hour is twelve times five minutes");
    is(scalar @{ get("$url?statsPeriod=$_->[0]")->[0]{stats}{frequency}
                 {$_->[0]} }, $_->[1], "$_->[0] is $_->[1] buckets")
        for (["15m", 15], ["30m", 30], ["24h", 24], ["7d", 7], ["14d", 14],
             ["30d", 30]);
};


subtest "a decision holds until its condition ends it" => sub {
    next_project();
    send_error("Decided", "v", 60, 50);
    ok(stored(2), "an error, seen twice by two users");
    my $id = get("projects/$project/errors")->[0]{fingerprint};
    my $seen = 2;

    # what the list is asked for is decided by SQL, what one error is by C
    my $is = sub {
        my ($status, $name) = @_;

        # an INSERT fills one view's table after the other's
        until_true { get("projects/$project/errors/$id")->{status} eq $status
            && @{ get("projects/$project/errors?status=$status") } == 1 } 10;

        is(get("projects/$project/errors/$id")->{status}, $status, $name);
        is(scalar @{ get("projects/$project/errors?status=$_") },
           $_ eq $status ? 1 : 0, "$name: in the list of $_")
            for qw(unresolved resolved ignored);
    };
    my $decide = sub {
        my (%has) = @_;
        my @names = sort keys %has;

        sql("INSERT INTO errortracking.error_status (project_id, fingerprint, "
            . "version, changed, " . join(", ", @names) . ") SELECT $project, "
            . "$id, now64(6), now64(6), "
            . join(", ", map { $has{$_} } @names));
    };
    my $again = sub {
        my ($release) = @_;

        # behind the decision, by the clock of this machine
        my $at = sprintf "%.6f", time() + 0.001;
        is($nginx->post("{\"event_id\":\"" . new_id() . "\",\"timestamp\":$at,"
            . "\"platform\":\"python\",\"release\":\"$release\","
            . "\"user\":{\"id\":\"again" . $seen++ . "\"},"
            . "\"transaction\":\"views.Decided\","
            . "\"exception\":{\"values\":[{\"type\":\"Decided\","
            . "\"value\":\"v\"}]}}", $project), 200, "an event of $release");
        ok(stored($seen), "is stored");
    };

    $decide->(status => "'resolved'", release => "'app\@1.10.0'");
    $is->("resolved", "resolved in 1.10.0");
    $again->("app\@1.9.9");
    $is->("resolved", "seen in an older release");
    $again->("app\@1.10.0");
    $is->("unresolved", "seen in the release it was resolved in");

    $decide->(status => "'resolved'", release => "'app\@1.10.0'",
              after_release => 1);
    $again->("app\@1.10.0");
    $is->("resolved", "resolved in the release after 1.10.0, seen in 1.10.0");
    $again->("app\@1.10.1");
    $is->("unresolved", "seen in 1.10.1");

    $decide->(status => "'resolved'", release => "'abcdef'");
    $again->("app\@1.10.1");
    $is->("resolved", "of no version: seen in a release that was there");
    $again->("fedcba");
    $is->("unresolved", "seen in a new one");

    $decide->(status => "'ignored'", until_n => $seen + 1);
    $is->("ignored", "ignored for one more occurrence");
    $again->("x");
    $is->("unresolved", "which has come");

    $decide->(status => "'ignored'", until_users => $seen + 1);
    $is->("ignored", "ignored for one more user");
    $again->("x");
    $is->("unresolved", "who has come");

    $decide->(status => "'ignored'", until => "now64(6) + 3600");
    $is->("ignored", "ignored for an hour");
    $decide->(status => "'ignored'", until => "now64(6) - 1");
    $is->("unresolved", "which is over");
    $decide->(status => "'ignored'");
    $again->("x");
    $is->("ignored", "ignored for ever");
};


# Reads a list to its end, and calls back between pages.
sub read_all {
    my ($url, $between) = @_;
    my ($cursor, @seen, $pages);

    do {
        my $answer = call("$BASE/$url"
                          . ($cursor ? "&cursor=" . encoded($cursor) : ""));
        is($answer->{status}, 200, "a page") or return @seen;
        push @seen, map { $_->{name} || $_->{eventId} } @{ $answer->{json} };
        $cursor = pages($answer)->{next};
        $between->() if $between && $cursor;
    } while ($cursor && $pages++ < 50);

    return @seen;
}


subtest "pages have no row twice and none is skipped while events arrive"
    => sub {
    next_project();
    send_error("E$_", "an error", 1000 + 10 * $_, (2000) x ($_ % 4))
        for 1 .. 23;
    my $events = 23;
    $events += $_ % 4 for 1 .. 23;
    ok(stored($events), "23 errors");

    for my $sort (qw(last_seen_desc first_seen_desc frequency_desc)) {
        my $url = "projects/$project/errors?limit=5&sort=$sort";
        my @quiet = read_all($url);
        # those of the loop before, too
        my %times;
        $times{$_}++ for @quiet;
        is(scalar(grep { $_ != 1 } values %times, @times{map { "E$_" } 1 .. 23}),
           0, "$sort: each error once");

        my $new = 0;
        my @busy = read_all($url, sub {
            # one that was shown, some that were not, one that is new
            send_error($quiet[$_], "an error", 0) for 0, 7, 12, 13, 22;
            send_error("F$sort" . $new++, "an error", 0);
            $events += 6;
            ok(stored($events), "events arrive between two pages");
        });

        is(join(" ", @busy), join(" ", @quiet),
           "$sort: the same list while events arrive");
    }
};


subtest "pages go back as well" => sub {
    my $url = "projects/$project/errors?limit=5&sort=first_seen_desc";
    my $first = call("$BASE/$url");
    my $second = call("$BASE/$url&cursor=" . pages($first)->{next});
    my $third = call("$BASE/$url&cursor=" . pages($second)->{next});
    my $back = call("$BASE/$url&cursor=" . pages($third)->{prev});

    is(pages($first)->{prev}, undef, "nothing is before the first page");
    is(names($back->{json}), names($second->{json}),
       "the page before the third is the second");
    is(names(call("$BASE/$url&cursor=" . pages($back)->{prev})->{json}),
       names($first->{json}), "and before that the first");
    like($first->{headers}{link}, qr/^<http:\/\/127\.0\.0\.1:\d+\Q$BASE\E
         \/projects\/$project\/errors\?cursor=[^&>]+&sort=first_seen_desc
         &limit=5>;\ rel="next"$/x, "a link is whole, its cursor is not last");
};


subtest "events are paged, newest and oldest first" => sub {
    next_project();
    send_error("Paged", "v", 1 .. 12, 5, 5);
    ok(stored(14), "14 events");
    my $id = get("projects/$project/errors")->[0]{fingerprint};

    for my $sort (qw(occurred_at_asc occurred_at_desc)) {
        my (@at, $cursor, $n);

        do {
            my $answer = call("$BASE/projects/$project/errors/$id/events"
                              . "?limit=4&sort=$sort"
                              . ($cursor ? "&cursor=$cursor" : ""));
            push @at, map { decode_json($_->{payload})->{timestamp} }
                      @{ $answer->{json} };
            $cursor = pages($answer)->{next};
        } while ($cursor && $n++ < 10);

        my @sorted = sort { $a <=> $b } @at;
        @sorted = reverse @sorted if $sort =~ /desc/;
        is(scalar @at, 14, "$sort: each event once");
        is("@at", "@sorted", "$sort: in order");
    }
};


subtest "messages are listed" => sub {
    next_project();
    $nginx->post(event(message => "a message $_",
                       more => "\"level\":\"info\",\"release\":\"r$_\""),
                 $project) for 1 .. 3;
    send_error("NoMessage", "x", 1);
    ok(stored(4), "three messages and an error");

    my $list = get("projects/$project/messages?limit=2");
    is(scalar @$list, 2, "as many as asked");
    is(join(" ", sort keys %{ $list->[0] }), "environment eventId level "
       . "message platform projectId release timestamp", "with their keys");
    is($list->[0]{message}, "a message 3", "the newest first");
    like($list->[0]{eventId}, qr/^[0-9a-f]{32}$/, "eventId");
    is($list->[0]{level}, "info", "level");
};


subtest "the paths under /api/0/ answer, too" => sub {
    my $group = "api/0/organizations/a%20group";
    my $url = "$group/issues/?project=$project";

    sql("INSERT INTO errortracking.projects (project_id, organization, slug, "
        . "name) VALUES ($project, 'org $project', 'the-slug', 'A \\'name\\'')");

    my $list = get($url);
    is(scalar @$list, 2, "issues of a project, the unresolved");
    my ($issue) = grep { $_->{title} =~ /NoMessage/ } @$list;
    is(join(" ", sort keys %$issue), "actor count firstSeen id lastSeen "
       . "project status title userCount", "with their keys");
    is($issue->{title}, "NoMessage: x", "title");
    like($issue->{id}, qr/^\d+$/, "id");
    ok($issue->{count} eq "1" && encode_json([$issue->{count}]) eq '["1"]',
       "count is a string");
    is_deeply($issue->{project}, { id => "$project", name => "A 'name'",
                                   slug => "the-slug" }, "project");
    is($issue->{status}, "unresolved", "status");

    is(scalar @{ get("$url&limit=1&sort=$_") }, 1, "sort=$_")
        for qw(date new priority freq user);
    is(scalar @{ get("$url&query=nomess") }, 1, "query");
    is(scalar @{ get("$url&status=resolved") }, 0, "status");
    is(scalar @{ get("$url&environment=production") }, 1, "environment");
    is(scalar @{ get("$url&environment=production&environment=x") }, 1,
       "one of two environments");
    is(scalar @{ get("$url&environment=nowhere") }, 0, "no environment");
    is(scalar @{ get("$url&start=2020-01-02T15:04:05&end="
                     . "2020-02-02T00:00:00") }, 0, "start and end");
    is(scalar @{ get("$url&start=2020-01-02T15:04:05") }, 2, "start");
    is(scalar @{ get("$url&limit=10000") }, 2, "the largest limit");
    is(call("$BASE/$_")->{status}, 400, $_)
        for "$group/issues/", "$group/issues/?project=x", "$url&limit=10001",
            "$url&limit=0", "$url&sort=last_seen_desc", "$url&start=yesterday",
            "$url&status=muted", "$group/issues/?project='",
            "$group/stats_v2?interval=1s", "$group/stats_v2?groupBy='",
            "$group/stats_v2?interval=1m&statsPeriod=14d",
            "$group/stats_v2?project=-1";

    my $mine = get("api/0/organizations/org%20$project/projects/");
    is_deeply($mine, [{ id => "$project", name => "A 'name'",
                        slug => "the-slug" }], "projects of an organization");
    ok(@{ get("$group/projects/") } > 1, "of a group without any: all");

    my $stats = get("$group/stats_v2?project=$project&groupBy=outcome"
                    . "&groupBy=category&interval=1h&statsPeriod=24h");
    is(join(" ", sort keys %$stats), "end group interval start", "stats");
    ok(@{ $stats->{interval} } >= 24, "an interval each hour");
    my ($errors) = grep { $_->{by}{category} eq "error" } @{ $stats->{group} };
    is($errors->{by}{outcome}, "accepted", "by outcome and category");
    is($errors->{totals}{"sum(quantity)"}, 4, "what came in is counted");
    is(scalar @{ $errors->{series}{"sum(quantity)"} },
       scalar @{ $stats->{interval} }, "in a series");
};


subtest "the longest list is one answer" => sub {
    next_project();
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
        . "first_timestamp, received, project_id, fingerprint, event_id, "
        . "level, environment, type, value, payload) SELECT 1, 1, now64(6), "
        . "now64(6), now64(6), $project, 9007199254730000 + number, "
        . "generateUUIDv4(number), 'error', 'e', 'Many', 'v', '{}' "
        . "FROM numbers(9500)");
    ok(stored(9500), "9500 errors");
    is(scalar @{ get("api/0/organizations/1/issues?project=$project"
                     . "&limit=10000") }, 9500, "all of them");
};


subtest "only who has a token reads" => sub {
    my $url = "$BASE/projects/$project/errors";

    is($nginx->get($url)->{status}, 401, "no token");
    is(call($url, token => $_)->{status}, 401, "a wrong token")
        for ($TOKEN . "x", substr($TOKEN, 1), uc $TOKEN, "x");
    is(call($url, token => "another token while they change")->{status}, 200,
       "a second token");
};


subtest "what is no operation is 404, another method 405" => sub {
    is(call("$BASE/projects/$project/nothing")->{status}, 404, "a path");
    is(call("$BASE/projects/$project/errors", method => "POST",
            content => "{}")->{status}, 405, "a method");
    is(call("$BASE/projects/x/errors")->{status}, 404, "a project");
    is(call("$BASE/projects/99999999999999999999/errors")->{status}, 404,
       "a project too large");
    is(call("$BASE/projects/$project/errors/x")->{status}, 404, "an error");
    is(call("$BASE/projects/$project/errors/1")->{status}, 404,
       "an error that is not there");
    is(scalar @{ get("projects/12345/errors") }, 0,
       "a project without errors has an empty list");
    is(call("$BASE/projects/$project/errors", method => "HEAD")->{status},
       200, "HEAD");
};


subtest "every parameter is checked, whatever it is" => sub {
    my @paths = ("projects/$project/errors", "projects/$project/errors/1/events",
                 "projects/$project/messages");
    my @bad = ("'", "\"", "{a:b}", "'; DROP TABLE errors --", "\0", "\xff\xfe",
               "x" x 5000, "-1", "1.5", "0", "101", "18446744073709551616",
               "\\", "\t", "\n", "%", "\xe2\x80\xae", "NULL", "[]");

    for my $path (@paths) {
        for my $bad (@bad) {
            my $answer = call("$BASE/$path?limit=" . encoded($bad));
            is($answer->{status}, 400, "$path: a limit of "
               . substr(encoded($bad), 0, 30));
            like($answer->{json}{detail}, qr/limit has to be|UTF-8/,
                 "says why");
        }

        for (1, 20, 100) {
            is(call("$BASE/$path?limit=$_")->{status}, 200, "a limit of $_");
        }
    }

    for my $name (qw(sort status statsPeriod queryPeriod cursor)) {
        for my $bad (@bad) {
            is(call("$BASE/$paths[0]?$name=" . encoded($bad))->{status}, 400,
               "$name=" . substr(encoded($bad), 0, 30));
        }
    }

    for my $bad (@bad) {
        my $answer = call("$BASE/$paths[0]?query=" . encoded($bad));
        is($answer->{status}, $bad =~ /[\0\xfe]/ ? 400 : 200,
           "query=" . substr(encoded($bad), 0, 30));
        is(scalar @{ $answer->{json} }, 0, "finds nothing")
            if $answer->{status} == 200
               && $bad !~ /^[\\%'"{\[]|^1|^0|^x|^-1|NULL/;

        is(call("$BASE/projects/" . encoded($bad) . "/errors")->{status},
           $bad =~ /[\0\xfe]/ ? 400 : $bad =~ /^(?:0|101)$/ ? 200 : 404,
           "as a project: " . substr(encoded($bad), 0, 30))
            if $bad ne "\0";
    }

    is(sql("SELECT count() > 0 FROM system.tables WHERE database = "
           . "'errortracking' AND name = 'errors'"), 1, "the table is there");
    is(call("$BASE/$paths[0]?sort=&status=&limit=&cursor=&query=")->{status},
       200, "empty parameters are as if they were not there");
};


subtest "ClickHouse away, slow, or broken: 503 with a detail" => sub {
    my $url = "$BASE/projects/$project/errors";
    my $away = call("/nowhere$url");
    is($away->{status}, 503, "nobody listens");
    like($away->{json}{detail}, qr/away/, "says so");

    $proxy->mode("pass");
    is(call("/slow$url")->{status}, 200, "(through the proxy)");

    for ([500 => 503], [lose => 503], [close => 503], [cut => 503],
         [not => 503])
    {
        $proxy->mode($_->[0]);
        my $answer = call("/slow$url");
        is($answer->{status}, $_->[1], "$_->[0]: 503");
        ok($answer->{json}{detail}, "$_->[0]: with a detail");
    }

    $proxy->mode("delay=5");
    my $start = time();
    my $answer = call("/slow$url");
    my $took = time() - $start;
    is($answer->{status}, 503, "hangs: 503");
    like($answer->{json}{detail}, qr/in time/, "says so");
    ok($took >= 0.9 && $took < 3, "within errortracking_api_timeout")
        or diag($took);
    $proxy->mode("pass");
    is(call("/slow$url")->{status}, 200, "and then it works again");
};


subtest "an answer larger than its buffer is refused, and the connection kept"
    => sub {
    next_project();
    $nginx->post(event(message => "large", size => 90000), $project);
    ok(stored(1), "an event larger than the buffer");
    my $id = get("projects/$project/errors")->[0]{fingerprint};

    my $answer = call("/small$BASE/projects/$project/errors/$id/events");
    is($answer->{status}, 502, "status 502");
    like($answer->{json}{detail}, qr/too large/, "says so");
    is(call("/small$BASE/projects/$project/errors")->{status}, 200,
       "the next one is answered");
    is(scalar @{ get("projects/$project/errors/$id/events") }, 1,
       "a larger buffer takes it");
    unlike($nginx->log, qr/upstream response is buffered/,
           "and nothing of it was written to a file");
};


subtest "nothing of the client's headers reaches ClickHouse" => sub {
    my $answer = call("$BASE/projects/$project/errors", headers => {
        "X-ClickHouse-User" => "nobody", "X-ClickHouse-Key" => "x",
        "Authorization" => "Basic bm9ib2R5Og==", "Accept-Encoding" => "gzip",
        "Content-Type" => "multipart/form-data; boundary=x",
        "X-ClickHouse-Format" => "JSON", "Range" => "bytes=0-1" });

    is($answer->{status}, 200, "the query is ours alone");
    is(ref $answer->{json}, "ARRAY", "and the answer whole");
};


subtest "a client that goes away cancels its query" => sub {
    my $marker = "marker" . new_id();
    my $socket = IO::Socket::INET->new("127.0.0.1:$nginx->{port}");

    # a search over so many errors that it takes a while; the proxy holds it
    $proxy->mode("delay=20");
    print $socket "GET /slow$BASE/projects/$project/errors?query=$marker "
                  . "HTTP/1.1\r\nHost: x\r\n"
                  . "Gitlab-Error-Tracking-Token: $TOKEN\r\n\r\n";
    sleep 0.3;
    close $socket;

    ok(until_true(sub { $nginx->log =~ /client prematurely closed|\b499\b|
                                        client.*closed/x }, 5),
       "NGINX sees it go");
    $proxy->mode("pass");
};


subtest "and ClickHouse ends it" => sub {
    next_project();
    send_error("Slow$_", "x", 1) for 1 .. 30;
    ok(stored(30), "30 errors");

    my $running = sub {
        return sql("SELECT count() FROM system.processes WHERE "
                   . "Settings['max_execution_speed'] = '1' AND "
                   . "query LIKE '%FROM error%' AND query NOT LIKE '%system%'");
    };
    my ($socket, $seen);

    # ClickHouse throttles a block with a second of sleep, and how many blocks
    # there are is its own affair: one query may be over before it is seen
    for (1 .. 5) {
        $socket = IO::Socket::INET->new("127.0.0.1:$nginx->{port}");
        print $socket "GET /throttled$BASE/projects/$project/errors "
                      . "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                      . "Gitlab-Error-Tracking-Token: $TOKEN\r\n\r\n";
        $seen = until_true(sub { $running->() > 0 }, 4);
        last if $seen;
        diag("it was answered at once: " . substr(<$socket> // "", 0, 80));
    }

    ok($seen, "a query is running");
    my $start = time();
    close $socket;
    ok(until_true(sub { $running->() == 0 }, 10),
       "when its client has gone it is none of system.processes any more");
    cmp_ok(time() - $start, "<", 5, "long before it would have ended");
};


subtest "a project is deleted from every table" => sub {
    next_project();
    my $other = $project;
    send_error("Stays", "x", 1);
    ok(stored(1), "a project that stays");
    next_project();
    send_error("Goes", "x", 1, 2);
    ok(stored(2), "and one that goes");
    my $id = get("projects/$project/errors")->[0]{fingerprint};
    get("projects/$project/errors/$id", method => "PUT",
        content => '{"status":"resolved"}');

    my $answer = call("$BASE/projects/$project", method => "DELETE");
    is($answer->{status}, 204, "DELETE") or diag($answer->{content});

    my @tables = split /\n/, sql(
        "SELECT DISTINCT table FROM system.columns JOIN system.tables AS t "
        . "ON t.database = database AND t.name = table "
        . "WHERE database = 'errortracking' AND name = 'project_id' "
        . "AND t.engine LIKE '%MergeTree'");
    cmp_ok(scalar @tables, ">", 6, "tables with a project: @tables");
    is(sql("SELECT count() FROM errortracking.$_ WHERE project_id = $project"),
       0, "$_ has nothing of it any more") for @tables;
    cmp_ok(sql("SELECT count() FROM errortracking.events "
               . "WHERE project_id = $other"), "==", 1, "the other stays");
    is(scalar @{ get("projects/$other/errors") }, 1, "and is listed");
};


ok($nginx->quit, "QUIT ends nginx in good order");
$nginx->no_alerts;
done_testing();
