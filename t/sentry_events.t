#!/usr/bin/perl
#
# Events through Sentry's web API: an issue's, a project's, and one, read the
# way GitLab's Sentry integration, sentry-cli and scripts read them.  They come
# in as SDKs send them, through this NGINX, into a real ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Read;
use ET::Server;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

my $ALL = "a-token-of-both-the-projects";
my $ONE = "a-token-of-one-project-alone";

my ($one, $two) = ($PROJECT + 1, $PROJECT + 2);

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 20);
ET::write_file("$ET::DIR/tokens", "$ALL event:read,org:read $one,$two\n"
               . "$ONE event:read,org:read $one\n");

my $nginx = ET::Server->start("sentry_events", locations => sentry_api() . query_location());


sub call {
    my ($path, %has) = @_;
    my $answer = $nginx->request($has{method} || "GET", "/api/0/$path",
        { headers => { Authorization => "Bearer " . ($has{token} || $ALL) } });

    is($answer->{status}, $has{status} || 200,
       "$path is answered " . ($has{status} || 200))
        or diag($answer->{content});
    $answer->{json} = eval { decode_json($answer->{content}) };
    ok(defined $answer->{json}, "with JSON") or diag($answer->{content});

    return $answer;
}


sub get {
    return call(@_)->{json};
}


# The cursor of the next page, as sentry-cli reads it.
sub next_cursor {
    my ($answer) = @_;

    return $answer->{headers}{link}
        =~ /rel="next"; results="true"; cursor="([^"]+)"/ ? $1 : "";
}


sub post {
    my ($to, %event) = @_;

    $event{event_id} ||= new_id();
    is($nginx->post(JSON::PP->new->utf8->encode(\%event), $to), 200,
       "an event is accepted");

    return $event{event_id};
}


sub stored {
    my ($of, $events) = @_;

    $nginx->drained;
    ok(until_true { !grep { sql("SELECT sum(n) FROM errortracking.$_ WHERE "
                                . "project_id = $of") != $events }
                    qw(events errors error_counts) },
       "$events events of $of are in ClickHouse");
}


my $now = time();
my %frame = (filename => "shop/pay.py", abs_path => "/srv/shop/pay.py",
             module => "shop.pay", function => "charge", lineno => 12,
             colno => 5, in_app => JSON::PP::true,
             pre_context => ["def charge():", "    x = 1"],
             context_line => "    raise Declined(x)",
             post_context => ["", "def next():"], vars => { x => "1" });

my @declined = map { post($one,
    timestamp => $now - 100 + $_, platform => "python",
    environment => "production", release => "shop\@1.$_",
    server_name => "web-1", transaction => "/pay",
    user => { id => "u$_", email => "u$_\@b.c", plan => "free" },
    tags => { color => "red" }, extra => { order => 1207 },
    contexts => { os => { name => "Linux" } }, modules => { flask => "3" },
    sdk => { name => "sentry.python", version => "2.0" },
    breadcrumbs => { values => [ { timestamp => $now - 101,
                                   message => "click" } ] },
    request => { url => "https://shop/pay", method => "POST",
                 query_string => "a=1", headers => { Host => "shop" } },
    exception => { values => [
        { type => "Declined", value => "order $_", module => "shop",
          stacktrace => { frames => [ \%frame ] } } ] }) } 0 .. 4;

my @hello = map { post($one, timestamp => $now - 50 + 2 * $_,
                       message => "hello", level => "info") } 0 .. 2;
my $other = post($two, timestamp => $now, message => "of another project");

stored($one, 8);
stored($two, 1);

# What a storm leaves of 1000 occurrences: no body, and no event to be shown.
sql("INSERT INTO errortracking.events (project_id, fingerprint, timestamp, n, "
    . "event_id, level, type) SELECT project_id, fingerprint, "
    . "timestamp + INTERVAL 500 MILLISECOND, 1000, generateUUIDv4(), level, "
    . "type FROM errortracking.events WHERE project_id = $one");

my $latest = get("projects/o/$one/events/$declined[4]/");
my $issue = $latest->{groupID};
my $elsewhere = get("projects/o/$two/events/$other/")->{groupID};


subtest "GitLab finds in the latest event what it reads of it" => sub {
    my $event = get("issues/$issue/events/latest/");

    is($event->{groupID}, $issue, "groupID");
    like($event->{groupID}, qr/^\d+$/, "whose digits are a string");
    like($event->{dateReceived}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
         "dateReceived");

    # lib/sentry/api_urls, Sentry::Client::Event of GitLab
    my ($entry) = grep { $_->{type} eq "exception" } @{ $event->{entries} };
    my $trace = $entry->{data}{values}[0]{stacktrace};
    is(scalar @{ $trace->{frames} }, 1, "a frame");
    my $frame = $trace->{frames}[0];
    is($frame->{filename}, "shop/pay.py", "filename");
    is($frame->{absPath}, "/srv/shop/pay.py", "absPath");
    is($frame->{function}, "charge", "function");
    is($frame->{lineNo}, 12, "lineNo");
    is($frame->{colNo}, 5, "colNo");
    is($frame->{inApp}, JSON::PP::true, "inApp");
    is_deeply($frame->{context},
              [[10, "def charge():"], [11, "    x = 1"],
               [12, "    raise Declined(x)"], [13, ""],
               [14, "def next():"]], "context");
    is_deeply($frame->{vars}, { x => "1" }, "vars");
};


subtest "an event has all that was sent" => sub {
    is($latest->{id}, $declined[4], "id");
    is($latest->{eventID}, $declined[4], "eventID");
    is($latest->{projectID}, "$one", "projectID");
    is($latest->{title}, "Declined: order 4", "title");
    is($latest->{type}, "error", "type");
    is($latest->{platform}, "python", "platform");
    is($latest->{location}, "shop/pay.py", "location");
    is($latest->{release}{version}, "shop\@1.4", "release");
    is($latest->{context}{order}, 1207, "extra");
    is($latest->{contexts}{os}{type}, "os", "contexts");
    is($latest->{packages}{flask}, "3", "packages");
    is($latest->{sdk}{name}, "sentry.python", "sdk");
    is($latest->{user}{email}, "u4\@b.c", "user");
    is($latest->{user}{data}{plan}, "free", "and what else is known of them");
    is($latest->{metadata}{function}, "charge", "metadata");
    ok($latest->{size} > 500, "size");

    my %tags = map { $_->{key} => $_->{value} } @{ $latest->{tags} };
    is($tags{color}, "red", "a tag");
    is($tags{environment}, "production", "the environment is one");
    is($tags{user}, "id:u4", "and the user");

    my %entries = map { $_->{type} => $_->{data} } @{ $latest->{entries} };
    is($entries{breadcrumbs}{values}[0]{message}, "click", "breadcrumbs");
    is($entries{request}{method}, "POST", "request");
    is_deeply($entries{request}{headers}, [["Host", "shop"]], "its headers");
    is_deeply($entries{request}{query}, [["a", "1"]], "its query");
};


subtest "an issue's events are read in turn, latest, oldest and by id" => sub {
    for my $of ("issues/$issue", "organizations/o/issues/$issue") {
        is(get("$of/events/latest/")->{id}, $declined[4], "latest");
        is(get("$of/events/recommended/")->{id}, $declined[4], "recommended");
        is(get("$of/events/oldest/")->{id}, $declined[0], "oldest");

        my $event = get("$of/events/$declined[2]/");
        is($event->{id}, $declined[2], "by id");
        is($event->{nextEventID}, $declined[3], "the next one");
        is($event->{previousEventID}, $declined[1], "and the one before");

        get("$of/events/$hello[0]/", status => 404);
        get("$of/events/0/", status => 404);
        is(join(" ", map { $_->{id} } @{ get("$of/events/") }),
           join(" ", reverse @declined), "the list has the newest first");
    }

    my $event = get("issues/$issue/events/oldest/");
    is($event->{previousEventID}, undef, "none is before the oldest");
    is(get("issues/$issue/events/latest/")->{nextEventID}, undef,
       "and none behind the latest");

    my $dashed = $declined[2] =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
    is(get("issues/$issue/events/$dashed/")->{id}, $declined[2],
       "an id may have dashes");
};


subtest "pages lead through all of a list, and back" => sub {
    for my $of ("issues/$issue", "projects/o/$one") {
        my @all = map { $_->{id} } @{ get("$of/events/") };
        my ($cursor, @seen) = ("");

        for (1 .. 9) {
            my $page = call("$of/events/?per_page=2&cursor=$cursor");
            push @seen, map { $_->{id} } @{ $page->{json} };
            $cursor = next_cursor($page) or last;
        }

        is(join(" ", @seen), join(" ", @all), "$of: each once");

        my $page = call("$of/events/?per_page=2&cursor="
            . next_cursor(call("$of/events/?per_page=2")));
        $page->{headers}{link} =~ /^<[^>]+>; rel="previous"; results="true"; /
            or fail("there is a page before");
        $page->{headers}{link} =~ /cursor="([^"]+)"/;
        is(join(" ", map { $_->{id} }
                @{ get("$of/events/?per_page=2&cursor=$1") }),
           "@all[0, 1]", "$of: and back");
    }

    is(next_cursor(call("issues/$issue/events/?cursor=0:0:0")), "",
       "where there is no further page, the link says so");
};


subtest "a project's events are those of all its issues" => sub {
    my $list = get("projects/o/$one/events/");

    is(join(" ", map { $_->{id} } @$list),
       join(" ", (reverse @hello), (reverse @declined)), "the newest first");
    is($list->[7]{"event.type"}, "error", "event.type");
    is($list->[0]{"event.type"}, "default", "of a message");
    is($list->[0]{title}, "hello", "title");
    is($list->[7]{user}{id}, "u0", "user");
    ok(!exists $list->[0]{entries}, "without their entries");

    $list = get("projects/o/$one/events/?full=1");
    is(scalar @$list, 8, "full=1 lists the same");
    is($list->[7]{entries}[0]{type}, "exception", "with entries");
    is(get("issues/$issue/events/?full=true")->[0]{entries}[0]{type},
       "exception", "those of an issue, too");
};


subtest "lists have a search, environments and a period" => sub {
    for (["query=color:red", 5], ["query=!color:red", 3], ["query=hello", 3],
         ["query=level:info", 3], ["query=user.id:u3", 1],
         ["query=release:shop\@1.3", 1], ["environment=production", 5],
         ["environment=staging", 0], ["statsPeriod=75s", 3],
         ["statsPeriod=24h&query=order", 5],
         ["query=" . "x" x 300, 0], ["query=%27%3B%20DROP%20%7Ba%7D", 0])
    {
        is(scalar @{ get("projects/o/$one/events/?$_->[0]") }, $_->[1],
           "a project's with $_->[0]");
    }

    # a list does not show the SDK
    for (["query=color:red", 5], ["query=hello", 0], ["statsPeriod=75s", 0],
         ["query=sdk.name:sentry.python", 5], ["query=!sdk.name:x", 5],
         ["query=release:shop\@1.3&full=1", 1])
    {
        is(scalar @{ get("issues/$issue/events/?$_->[0]") }, $_->[1],
           "an issue's with $_->[0]");
    }

    my ($cursor, @seen) = ("");

    for (1 .. 9) {
        my $page = call("projects/o/$one/events/?query=color:red&per_page=2"
                        . "&cursor=$cursor");
        push @seen, map { $_->{id} } @{ $page->{json} };
        $cursor = next_cursor($page) or last;
    }

    is(join(" ", @seen), join(" ", reverse @declined), "page by page");
    get("issues/$issue/events/?query=is:resolved", status => 400);
    get("issues/$issue/events/?statsPeriod=soon", status => 400);
};


subtest "an event and a short id lead to the issue" => sub {
    my $found = get("organizations/o/eventids/$hello[1]/");

    is($found->{organizationSlug}, "o", "organization");
    is($found->{projectSlug}, "$one", "project");
    is($found->{eventId}, $hello[1], "event");
    is($found->{event}{message}, "hello", "which is there");
    is(get("issues/$found->{groupId}/events/latest/")->{id}, $hello[2],
       "and its issue");

    my @digits = (0 .. 9, "A" .. "Z");
    my ($n, $short) = ($issue, "");
    while ($n > 0) {
        $short = $digits[$n % 36] . $short;
        $n = int($n / 36);
    }

    my $group = get("organizations/o/shortids/$one-$short/");
    is($group->{groupId}, $issue, "a short id");
    is($group->{shortId}, "$one-$short", "which is told");
    is($group->{group}{id}, $issue, "group");
    is($group->{group}{title}, $latest->{title}, "which is the issue");
    is($group->{group}{count}, "5", "with its counts");
    get("organizations/o/shortids/$one-0/", status => 404);
    get("organizations/o/eventids/" . "0" x 32 . "/", status => 404);
};


subtest "a token reads no other project's events" => sub {
    get("issues/$issue/events/latest/", token => $ONE);
    get("issues/$elsewhere/events/", token => $ONE, status => 404);
    get("issues/$elsewhere/events/latest/", token => $ONE, status => 404);
    get("projects/o/$two/events/", token => $ONE, status => 404);
    get("projects/o/$two/events/$other/", token => $ONE, status => 404);
    get("projects/o/$one/events/$other/", token => $ONE, status => 404);
    get("organizations/o/eventids/$other/", token => $ONE, status => 404);
    is(get("organizations/o/eventids/$other/")->{groupId}, $elsewhere,
       "which is there for another token");
};


subtest "entries of logs are listed" => sub {
    sql("INSERT INTO errortracking.logs (project_id, timestamp, level, body, "
        . "trace_id, environment, attributes) SELECT $_->[0], "
        . "now64(6) - INTERVAL $_->[1] SECOND, '$_->[2]', '$_->[3]', 'a', "
        . "'production', map('shelf', 'b-$_->[1]')")
        for [$one, 3, "info", "one is low"], [$one, 2, "error", "two 100%"],
            [$two, 1, "error", "of another project"];

    my $list = sub {
        my $fields = join "", map { "&field=$_" }
            qw(sentry.item_id severity timestamp message project shelf);
        return get("organizations/o/events/?dataset=logs$fields$_[0]",
                   @_[1 .. $#_])->{data};
    };
    my $texts = sub { return join ",", map { $_->{message} } @{ $_[0] } };

    my $all = $list->("");
    is($texts->($all), "of another project,two 100%,one is low",
       "the newest first");
    is($all->[2]{severity}, "info", "severity");
    is($all->[2]{shelf}, "b-3", "an attribute");
    is($all->[2]{project}, "$one", "project");
    like($all->[2]{timestamp}, qr/^20\d\d-.*Z$/, "timestamp");
    isnt($all->[0]{"sentry.item_id"}, $all->[1]{"sentry.item_id"}, "ids");

    is($texts->($list->("", token => $ONE)), "two 100%,one is low",
       "a token's projects");
    for (["&sort=timestamp&per_page=1", "one is low"],
         ["&query=severity:error", "of another project,two 100%"],
         ["&query=!severity:error", "one is low"],
         ["&query=shelf:b-2", "two 100%"], ["&query=IS+low", "one is low"],
         ["&query=message:two*", "two 100%"],
         ["&query=message:*100%25", "two 100%"],
         ["&query=project:$two", "of another project"],
         ["&query=!project:$two", "two 100%,one is low"],
         ["&query=tags[project]:$two", ""], ["&query=t*low", ""],
         ["&query=o*low", "one is low"],
         ["&query=%27%3B%20DROP%20%7Ba%7D", ""], ["&environment=x", ""])
    {
        is($texts->($list->($_->[0])), $_->[1], $_->[0]);
    }

    get("organizations/o/events/?dataset=logs", status => 400);
    $list->("&query=is:resolved", status => 400);
    $list->("&query=shelf:>3", status => 400);
    $list->("&per_page=1001", status => 400);
};


subtest "pages are exact however events are spread in time" => sub {
    my $error = 0;

    my $add = sub {
        my ($count, $at, $n) = @_;

        sql(sprintf "INSERT INTO errortracking.ingest (kind, n, timestamp, "
            . "first_timestamp, received, project_id, fingerprint, event_id, "
            . "level, environment, type, value, grouping, payload) "
            . "SELECT 1, %d, %s AS at, at, at, %d, %d, "
            . "generateUUIDv4(number), 'error', 'e', 'Spread%d', 'v', "
            . "'%s', '%s' FROM numbers(%d)", $n || 1, $at, $two, 1000 + $error,
            $error, $n ? "" : "g", $n ? "" : "{}", $count);
    };
    my $time = "now64(6) - toIntervalMillisecond(%s)";
    my @spread = (
        # often once, seldom since; and a storm whose bodies were not kept
        sub { $add->(400, sprintf $time, "864000000 + number * 150");
              $add->(20, sprintf $time, "number * 18000000");
              $add->(20, (sprintf $time, "number * 1000"), 1000); },
        # all the time
        sub { $add->(300, sprintf $time, "number * 2880000"); },
        # seldom, often now; many at the same time
        sub { $add->(1, sprintf $time, "864000000 + number");
              $add->(300, sprintf $time, "intDiv(number, 20) * 1000"); },
        sub { $add->(1, sprintf $time, "number"); },
    );

    for my $spread (@spread) {
        $spread->();

        my @ids = split /\n/, sql("SELECT replaceAll(toString(event_id), '-', "
            . "'') FROM errortracking.events WHERE project_id = $two AND "
            . "fingerprint = 1000 + $error AND payload != '' "
            . "ORDER BY timestamp DESC, event_id DESC");
        my ($issue) = grep { ($_->{metadata}{type} || "") eq "Spread$error" }
            @{ get("projects/o/$two/issues/") };
        my $url = "issues/$issue->{id}/events/";

        for my $limit (7, 100) {
            my ($cursor, $answer, @seen) = "";

            do {
                $answer = call("$url?per_page=$limit&cursor=$cursor");
                push @seen, map { $_->{eventID} } @{ $answer->{json} };
                $cursor = next_cursor($answer);
            } while ($cursor);

            is("@seen", "@ids", "$error: all of them, by $limit");

            ($cursor) = $answer->{headers}{link}
                =~ /rel="previous"; results="true"; cursor="([^"]+)"/ or next;
            my $last = @ids % $limit || $limit;
            is(join(" ", map { $_->{eventID} }
                    @{ get("$url?per_page=$limit&cursor=$cursor") }),
               join(" ", @ids[-$last - $limit .. -$last - 1]),
               "$error: and back");
        }

        is(@{ get($url . "?cursor=p-0-9223372036854775807-0-0") }, 0,
           "$error: none is before the end of time");

        my ($latest, $oldest) = map { get($url . $_) } "latest/", "oldest/";
        is($latest->{eventID}, $ids[0], "$error: the latest");
        is($latest->{previousEventID}, $ids[1], "$error: the one before");
        is($oldest->{eventID}, $ids[-1], "$error: the oldest");
        is($oldest->{nextEventID}, $#ids ? $ids[-2] : undef,
           "$error: the one behind");
        $error++;
    }
};


subtest "what no event has is refused" => sub {
    for my $bad ("%27%3B%20DROP", "%00", "%ff", "x" x 1000, "{id:UUID}", "-") {
        my $answer = $nginx->request("GET", "/api/0/issues/$issue/events/$bad/",
            { headers => { Authorization => "Bearer $ALL" } });
        like($answer->{status}, qr/^40[04]$/, "an id of " . substr $bad, 0, 20);
    }

    for my $bad ("per_page=0", "per_page=101", "full=maybe", "cursor=x") {
        get("issues/$issue/events/?$bad", status => 400);
    }
};


$nginx->no_alerts;
ok($nginx->quit, "nginx ends in good order");

done_testing;
