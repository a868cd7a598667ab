namespace RepoSentry.Tests.Providers.PlainGit;

/// <summary>What git 2.39 sent for one small repository: two branches, a pull request, a lightweight and an annotated tag.</summary>
internal static class Captured
{
    public const string First = "3cf8a11e44b0b7ec44f3334ea57a30184952ff22";
    public const string Second = "b9cbce339eb2a2e8ceee0f6ed5a23e57e0dfe881";
    public const string TagObject = "f944fc871d41bbb55772568724f27aec9bd0bf5f";

    public const string Service = "001e# service=git-upload-pack\n0000";

    public const string Version0 = Service + List;
    public const string Version1 = Service + "000eversion 1\n" + List;

    public const string Version2 =
        Service + "000eversion 2\n0015agent=git/2.39.5\n0013ls-refs=unborn\n0020fetch=shallow wait-for-done\n0012server-option\n0017object-format=sha1\n0010object-info\n0000";

    public const string LsRefs =
        $"0050{Second} HEAD symref-target:refs/heads/main\n"
        + $"0042{First} refs/heads/feature/x\n"
        + $"003d{Second} refs/heads/main\n"
        + $"003a{First} refs/tags/v0\n"
        + $"006a{TagObject} refs/tags/v1 peeled:{Second}\n"
        + "0000";

    private const string List =
        $"010b{Second} HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed no-done symref=HEAD:refs/heads/main object-format=sha1 agent=git/2.39.5\n"
        + $"0042{First} refs/heads/feature/x\n"
        + $"003d{Second} refs/heads/main\n"
        + $"003e{First} refs/pull/1/head\n"
        + $"003a{First} refs/tags/v0\n"
        + $"003a{TagObject} refs/tags/v1\n"
        + $"003d{Second} refs/tags/v1^{{}}\n"
        + "0000";
}
