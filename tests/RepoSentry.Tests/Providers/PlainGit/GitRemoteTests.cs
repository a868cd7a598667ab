using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers.PlainGit;

public sealed class GitRemoteTests
{
    private static readonly PlainGitOptions Options =
        new() { Provider = "forge", AllowFile = true, Ssh = new SshConfig(null, null, "/etc/reposentry/known_hosts") };

    [Theory]
    [InlineData("ssh://git@forge.test/acme/web.git")]
    [InlineData("ssh://forge.test:2222/acme/web")]
    [InlineData("ssh://git@[::1]:2222/~user/web")]
    [InlineData("ssh://AP.K-A_1+x@10.0.0.1/v1/repos/web")]
    [InlineData("file:///srv/git/web.git")]
    [InlineData("file:///srv/git/with%20space")]
    public void An_ordinary_remote_passes(string url) => Should.NotThrow(() => GitRemote.ThrowUnlessAllowed(new Uri(url), Options));

    [Theory]
    [InlineData("--upload-pack=touch canary")]
    [InlineData("-oProxyCommand=touch canary")]
    [InlineData("../relative/path")]
    [InlineData("ext::sh -c touch% canary")]
    [InlineData("fd::17")]
    [InlineData("git://forge.test/acme/web")]
    [InlineData("ftp://forge.test/acme/web")]
    [InlineData("javascript:alert(1)")]
    [InlineData("git+ssh://forge.test/acme/web")]
    [InlineData("ssh://-oProxyCommand/acme/web")]
    [InlineData("ssh://-lroot@forge.test/acme/web")]
    [InlineData("ssh://-oProxyCommand=touch@forge.test/acme/web")]
    [InlineData("ssh://a$(touch%20canary)@forge.test/acme/web")]
    [InlineData("ssh://a%0ab@forge.test/acme/web")]
    [InlineData("ssh://git:password@forge.test/acme/web")]
    [InlineData("ssh://forge.test/-oProxyCommand=touch")]
    [InlineData("ssh://forge.test/%2doProxyCommand=touch")]
    [InlineData("ssh://forge.test/acme%0aweb")]
    [InlineData("ssh://forge.test/acme%00web")]
    [InlineData("ssh://forge.test/acme\nweb")]
    [InlineData("file://server/share/web")]
    [InlineData("file:///srv/git/web%0a--upload-pack=touch")]
    public void A_remote_that_git_or_ssh_could_take_for_an_order_is_refused_with_a_reason(string url)
    {
        var failure = Should.Throw<RefSourceException>(() => GitRemote.ThrowUnlessAllowed(new Uri(url, UriKind.RelativeOrAbsolute), Options));

        failure.Error.ShouldBe(RefSourceError.NotFound);
        failure.Message.ShouldContain(" is refused: ");
        failure.Message.ShouldNotContain("password@");
        failure.Message.Any(char.IsControl).ShouldBeFalse();
    }

    [Fact]
    public void A_forges_fallback_reads_no_files()
    {
        var options = PlainGitOptions.For(new ProviderConfig { Name = "github", Type = "github" });

        Should.Throw<RefSourceException>(() => GitRemote.ThrowUnlessAllowed(new Uri("file:///srv/git/web"), options)).Message.ShouldContain("reads no files");
    }

    [Fact]
    public void Without_known_hosts_there_is_no_ssh() =>
        Should.Throw<RefSourceException>(() => GitRemote.ThrowUnlessAllowed(new Uri("ssh://git@forge.test/web"), Options with { Ssh = null })).Message.ShouldContain("known_hosts");

    [Theory]
    [InlineData("@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.\nfatal: Could not read from remote repository.", RefSourceError.Unauthorized, "has changed")]
    [InlineData("No ED25519 host key is known for forge.test and you have requested strict checking.\nHost key verification failed.", RefSourceError.Unauthorized, "not known")]
    [InlineData("git@forge.test: Permission denied (publickey).\nfatal: Could not read from remote repository.", RefSourceError.Unauthorized, "does not accept the key")]
    [InlineData("Permissions 0644 for 'k' are too open.\nLoad key \"k\": bad permissions\nPermission denied (publickey).", RefSourceError.Unauthorized, "chmod 600")]
    [InlineData("ERROR: Repository not found.\nfatal: Could not read from remote repository.", RefSourceError.NotFound, "no such repository")]
    [InlineData("fatal: '/srv/x' does not appear to be a git repository", RefSourceError.NotFound, "no such repository")]
    [InlineData("ssh: Could not resolve hostname forge.test: Name or service not known", RefSourceError.Unavailable, "cannot be resolved")]
    [InlineData("ssh: connect to host forge.test port 22: Connection refused", RefSourceError.Unavailable, "refuses the connection")]
    [InlineData("error: cannot run ssh: No such file or directory", RefSourceError.Unavailable, "install openssh-client")]
    [InlineData("fatal: something\u001b[2J new", RefSourceError.Unavailable, "something\\u001b[2J new")]
    [InlineData("", RefSourceError.Unavailable, "said nothing")]
    public void A_complaint_of_the_child_says_what_to_do(string complaint, RefSourceError expected, string advice)
    {
        var failure = GitChildErrors.From(complaint, new Uri("ssh://git@forge.test/acme/web"), Options);

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(advice);
    }
}
