#!/usr/bin/perl
#
# Releases through Sentry's web API: what sentry-cli and scripts say of them,
# what events tell, and both put together.  In a real ClickHouse.

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
my $READ = "a-token-that-only-reads";

my ($one, $two) = ($PROJECT + 1, $PROJECT + 2);

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 20);
ET::write_file("$ET::DIR/tokens", "$ALL * $one,$two\n"
               . "$ONE project:releases,event:write $one\n"
               . "$READ project:read $one\n");

my $nginx = ET::Server->start("sentry_releases", locations => sentry_api() . query_location());


sub call {
    my ($method, $path, %has) = @_;
    my $answer = $nginx->request($method, "/api/0/$path",
        { headers => { Authorization => "Bearer " . ($has{token} || $ALL) },
          defined $has{body} ? (content => ref $has{body}
              ? JSON::PP->new->utf8->encode($has{body}) : $has{body}) : () });

    is($answer->{status}, $has{status} || 200,
       "$method $path is answered " . ($has{status} || 200))
        or diag($answer->{content});
    $answer->{json} = eval { decode_json($answer->{content}) }
        if length $answer->{content};

    return $answer;
}


sub get {
    return call("GET", @_)->{json};
}


sub post {
    my ($to, %event) = @_;

    is($nginx->post(JSON::PP->new->utf8->encode(
           { event_id => new_id(), timestamp => time(),
             exception => { values => [ { type => "E", value => "v" } ] },
             %event }), $to), 200, "an event is accepted");
}


sub versions {
    return join " ", map { $_->{version} } @{ $_[0] };
}


sub stored {
    my ($of, $n) = @_;

    $nginx->drained;
    ok(until_true { sql("SELECT sum(n) FROM errortracking.releases_seen "
                        . "WHERE project_id = $of") == $n
                    && sql("SELECT sum(n) FROM errortracking.errors "
                        . "WHERE project_id = $of") == $n },
       "$n events of $of are in ClickHouse");
}


my $now = int time();


subtest "a release is made, read, changed and deleted" => sub {
    my $path = "organizations/o/releases";
    my $made = call("POST", "$path/", status => 201, body => {
        version => "shop\@1.0", projects => ["$one", $two],
        dateStarted => "2026-01-02T03:04:05.123456789Z",
        url => "https://ci/1", ref => "main" })->{json};

    is($made->{version}, "shop\@1.0", "version");
    is($made->{shortVersion}, "1.0", "shortVersion");
    is($made->{versionInfo}{package}, "shop", "package");
    is($made->{status}, "open", "status");
    is($made->{url}, "https://ci/1", "url");
    is($made->{ref}, "main", "ref");
    is($made->{dateReleased}, undef, "it is not released");
    like($made->{dateCreated}, qr/^20\d\d-\d\d-\d\dT/, "dateCreated");
    is_deeply([map { $_->{slug} } @{ $made->{projects} }],
              ["$one", "$two"], "projects");
    is($made->{newGroups}, 0, "newGroups");
    is($made->{lastEvent}, undef, "lastEvent");

    call("POST", "$path/", status => 208, body => {
        version => "shop\@1.0", projects => ["$one"] });

    my $done = call("PUT", "$path/shop\@1.0/", body => {
        projects => ["$one", "$two"],
        dateReleased => "2026-01-05T00:00:00Z" })->{json};
    is($done->{dateReleased}, "2026-01-05T00:00:00.000000Z", "it went out");
    is($done->{dateCreated}, $made->{dateCreated}, "was made when it was");
    is($done->{url}, "https://ci/1", "and has what was said before");

    is(get("$path/shop%401.0/")->{dateReleased}, $done->{dateReleased},
       "so it is read");
    is(get("projects/o/$one/releases/shop\@1.0/")->{version}, "shop\@1.0",
       "as a project's, too");

    is(call("POST", "$path/", status => 208, body => {
        version => "shop\@1.0", projects => [], status => "archived" })
       ->{json}{status}, "archived", "it is archived");
    is(versions(get("$path/?status=archived")), "shop\@1.0", "and listed so");
    is(versions(get("$path/?status=open")), "", "and not as open");

    call("DELETE", "$path/shop\@1.0/", status => 204);
    call("GET", "$path/shop\@1.0/", status => 404);
    is(versions(get("$path/")), "", "it is gone");
    is(sql("SELECT count() FROM errortracking.releases WHERE project_id IN "
           . "($one, $two)"), 0, "from ClickHouse");
};


subtest "a release that events name is listed without being made" => sub {
    post($one, release => "app\@1", timestamp => $now - 300);
    post($one, release => "app\@1", timestamp => $now - 200);
    post($one, release => "app\@2", timestamp => $now - 100,
         exception => { values => [ { type => "Other", value => "v" } ] });
    post($two, release => "app\@2", timestamp => $now - 90);
    stored($one, 3);
    stored($two, 1);

    my $list = get("organizations/o/releases/");
    is(versions($list), "app\@2 app\@1", "the newest first");
    is($list->[0]{newGroups}, 2, "errors that were new in it");
    is(join(",", map { $_->{newGroups} } @{ $list->[0]{projects} }), "1,1",
       "of each project");
    is($list->[1]{eventCount}, 2, "events");
    like($list->[1]{lastEvent}, qr/^20/, "lastEvent");
    ok($list->[1]{firstEvent} lt $list->[1]{lastEvent}, "firstEvent");
    is($list->[1]{dateCreated}, $list->[1]{firstEvent},
       "it is as old as its first event");

    is(versions(get("projects/o/$two/releases/")), "app\@2", "a project's");
    is(versions(get("organizations/o/releases/?project=$two")), "app\@2",
       "project=");
    is(versions(get("organizations/o/releases/?query=P\@1")), "app\@1",
       "query=");

    is(call("PUT", "projects/o/$one/releases/app\@1/", body =>
            { url => "http://x/" })->{json}{url}, "http://x/",
       "something can be said about it");
    like(call("DELETE", "projects/o/$one/releases/app\@1/", status => 400)
         ->{json}{detail}, qr/has events/, "but it can't be removed");

    my $page = call("GET", "organizations/o/releases/?per_page=1");
    is(versions($page->{json}), "app\@2", "a page");
    $page->{headers}{link} =~ /rel="next"; results="true"; cursor="([^"]+)"/
        or fail("there is another page");
    $page = call("GET", "organizations/o/releases/?per_page=1&cursor=$1");
    is(versions($page->{json}), "app\@1", "the next page");
    like($page->{headers}{link}, qr/rel="next"; results="false"/,
         "which is the last");
    $page->{headers}{link}
        =~ /rel="previous"; results="true"; cursor="([^"]+)"/;
    is(versions(get("organizations/o/releases/?per_page=1&cursor=$1")),
       "app\@2", "and back");
};


subtest "commits are kept, and the release before is where to go on" => sub {
    my $path = "organizations/o/releases";
    my @commits = map { { id => "$_" x 40, message => "change $_\n",
        author_name => "Ann", author_email => "ann\@b.c",
        timestamp => "2026-01-0${_}T00:00:00Z", repository => "shop",
        patch_set => [ { path => "f", type => "A" } ] } } 3, 2, 1;

    call("POST", "$path/", status => 201, body => {
        version => "c\@1", projects => ["$one"] });
    is_deeply(get("$path/c\@1/previous-with-commits/"), {},
              "none is before it");
    my $put = call("PUT", "$path/c\@1/", body => { commits => \@commits })
        ->{json};
    is($put->{commitCount}, 3, "commitCount");
    is($put->{lastCommit}{id}, "3" x 40, "lastCommit");

    my $list = get("$path/c\@1/commits/");
    is(join(" ", map { substr $_->{id}, 0, 1 } @$list), "3 2 1", "commits");
    is($list->[0]{message}, "change 3\n", "message");
    is($list->[0]{author}{email}, "ann\@b.c", "author");
    is($list->[0]{repository}{name}, "shop", "repository");
    is($list->[0]{dateCreated}, "2026-01-03T00:00:00.000000Z", "date");

    call("POST", "$path/", status => 201, body => {
        version => "c\@2", projects => ["$one"],
        refs => [ { repository => "acme/shop", commit => "f" x 40 } ] });
    is(get("$path/c\@2/previous-with-commits/")->{lastCommit}{id}, "3" x 40,
       "the one before is found");
    is(get("$path/c\@2/commits/")->[0]{id}, "f" x 40, "refs name a commit");
    is_deeply(get("$path/app\@2/commits/"), [], "a release has none");
};


subtest "deploys of a release" => sub {
    my $path = "organizations/o/releases/c\@1";

    my $made = call("POST", "$path/deploys/", status => 201, body => {
        environment => "production", name => "first",
        dateStarted => "2026-01-02T00:00:00Z",
        dateFinished => "2026-01-02T00:01:00Z" })->{json};
    is($made->{environment}, "production", "environment");
    like($made->{id}, qr/^\d+$/, "id");
    call("POST", "$path/deploys/", status => 201,
         body => { environment => "staging" });

    my $list = get("$path/deploys/");
    is(join(" ", map { $_->{environment} } @$list), "staging production",
       "the latest first");
    is($list->[1]{name}, "first", "name");
    is($list->[1]{dateFinished}, "2026-01-02T00:01:00.000000Z", "finished");

    my $release = get("$path/");
    is($release->{deployCount}, 2, "deployCount");
    is($release->{lastDeploy}{environment}, "staging", "lastDeploy");

    call("POST", "$path/deploys/", status => 400, body => {});
    call("GET", "organizations/o/releases/nothing/deploys/", status => 404);
    call("POST", "organizations/o/releases/nothing/deploys/", status => 404,
         body => { environment => "x" });
};


subtest "the next release comes after the newest, made or seen" => sub {
    my $path = "organizations/o/releases";
    my ($issue) = grep { $_->{metadata}{type} eq "Other" }
        @{ get("projects/o/$one/issues/") };

    # nobody has seen it yet
    call("POST", "$path/", status => 201, body => {
        version => "app\@3", projects => ["$one"] });
    call("PUT", "issues/$issue->{id}/", body => { status => "resolved",
         statusDetails => { inNextRelease => JSON::PP::true } });

    my $status = sub {
        return get("issues/$issue->{id}/")->{status};
    };

    is($status->(), "resolved", "it is resolved");
    is(sql("SELECT release FROM errortracking.error_status FINAL WHERE "
           . "project_id = $one AND status = 'resolved'"), "app\@3",
       "in what comes after the newest one");

    post($one, release => "app\@3", timestamp => time(),
         exception => { values => [ { type => "Other", value => "v" } ] });
    stored($one, 4);
    is($status->(), "resolved", "an event of that one is none of the next");

    post($one, release => "app\@4", timestamp => time(),
         exception => { values => [ { type => "Other", value => "v" } ] });
    stored($one, 5);
    is($status->(), "unresolved", "one of a later release brings it back");
};


subtest "a token reaches its projects and scopes alone" => sub {
    my $path = "organizations/o/releases";

    is(versions(get("$path/?query=app", token => $ONE)),
       "app\@4 app\@3 app\@2 app\@1",
       "its own");
    is(scalar @{ get("$path/app\@2/", token => $ONE)->{projects} }, 1,
       "without the other project");
    is(get("$path/app\@2/", token => $ONE)->{eventCount}, 1, "or its events");
    call("GET", "projects/o/$two/releases/", token => $ONE, status => 404);
    call("POST", "$path/", token => $ONE, status => 400,
         body => { version => "x", projects => ["$two"] });
    call("POST", "$path/", token => $READ, status => 403,
         body => { version => "x", projects => ["$one"] });
    call("DELETE", "$path/c\@1/", token => $READ, status => 403);
    get("$path/c\@1/", token => $READ);
};


subtest "what is wrong is refused, and says what" => sub {
    my $path = "organizations/o/releases";

    for (["{", "no JSON"], ["[]", "no object"], [{}, "no version"],
         [{ version => "x" }, "no projects"],
         [{ version => "a/b", projects => ["$one"] }, "a slash"],
         [{ version => "latest", projects => ["$one"] }, "a reserved one"],
         [{ version => "x" x 201, projects => ["$one"] }, "too long"],
         [{ version => 7, projects => ["$one"] }, "a number"],
         [{ version => "x", projects => ["nothing"] }, "no such project"],
         [{ version => "x", projects => ["$one"], status => "?" }, "status"],
         [{ version => "x", projects => ["$one"], dateReleased => "soon" },
          "no date"],
         [{ version => "x", projects => ["$one"], commits => 7 }, "commits"],
         [{ version => "x", projects => ["$one"], commits => [{}] },
          "a commit without an id"])
    {
        ok(length call("POST", "$path/", status => 400, body => $_->[0])
           ->{json}{detail}, $_->[1]);
    }

    for my $odd ("'; DROP TABLE x --", "{a:String}", "\\N", "ü\x{1F600}",
                 "a\"b", "100%", "a+b c", "*")
    {
        my $version = $odd;
        utf8::encode($version) if utf8::is_utf8($version);
        my $url = $version =~ s/([^A-Za-z0-9_.~-])/sprintf "%%%02X", ord $1/ger;
        my $valid = $odd ne "\\N";
        my $text = $version;
        utf8::decode($text);

        call("POST", "$path/", status => $valid ? 201 : 400,
             body => { version => $text, projects => ["$one"] });
        next unless $valid;
        is(get("$path/$url/")->{version}, $text, "$url is read");
        call("DELETE", "$path/$url/", status => 204);
        call("GET", "$path/$url/", status => 404);
    }

    call("GET", "$path/%00/", status => 400);
    call("GET", "$path/?per_page=0", status => 400);
    call("GET", "$path/?cursor=x", status => 400);
};


subtest "uploads are not offered" => sub {
    like(call("GET", "organizations/o/chunk-upload/", status => 501)
         ->{json}{detail}, qr/not kept/, "which is said");
    call("POST", "organizations/o/chunk-upload/", status => 501, body => "");
};


$nginx->no_alerts;
ok($nginx->quit, "nginx ends in good order");

done_testing;
