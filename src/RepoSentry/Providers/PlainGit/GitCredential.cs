using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.PlainGit;

/// <summary>Puts the credential on requests to its own server, at once and to no other, and says what is wrong when a server refuses.</summary>
internal sealed class GitCredential(PlainGitOptions options, TimeProvider time)
{
    public void Authorize(HttpRequestMessage request)
    {
        if (options.Token is not null && Covers(request.RequestUri!))
        {
            request.Headers.TryAddWithoutValidation("Authorization", Header(request.RequestUri!, Reveal(options.Token)));
        }
    }

    /// <summary>What to do about a refusal.</summary>
    public string Hint(Uri url) => options.Token switch
    {
        null => CredentialWords.Missing(options.Provider),
        _ when !Covers(url) => $"the token {CredentialWords.Of(options.Provider)} is for {SafeText.Of(options.Scope!)} and was not sent",
        { Origin: { } origin } => $"check that the token {CredentialWords.Of(options.Provider)} ({SafeText.Of(origin)}) is valid and may read this repository",
        _ => $"check that the token {CredentialWords.Of(options.Provider)} is valid and may read this repository",
    };

    public bool IsIn(string message) => options.Token is not null && Array.Exists(Forms(), form => message.Contains(form, StringComparison.Ordinal));

    public string Redact(string message) => options.Token is null ? message : Forms().Aggregate(message, (text, form) => text.Replace(form, "***", StringComparison.Ordinal));

    private bool Covers(Uri url) => options.Scope is not { } scope
        || (scope.Scheme == url.Scheme && scope.Port == url.Port && string.Equals(scope.IdnHost, url.IdnHost, StringComparison.OrdinalIgnoreCase));

    private string Header(Uri url, string token) => options.Aws is { } aws ? "Basic " + Encoded($"{UserOf(aws)}:{CodeCommitPassword.Sign(url, token, time.GetUtcNow())}") : Basic(token) is { } basic ? $"Basic {basic}" : $"Bearer {token}";

    // Of a role for a while: its session goes with the name.
    private string UserOf(AwsConfig aws) => aws.SessionToken is { } session ? $"{aws.AccessKeyId}%{Reveal(session)}" : aws.AccessKeyId;

    /// <summary>Null for a token that is sent as it is.</summary>
    private string? Basic(string token)
    {
        var pair = options.Username.Length > 0 ? $"{options.Username}:{token}"
            : token.Contains(':', StringComparison.Ordinal) ? token
            : options.BareTokenUser.Length > 0 ? $"{options.BareTokenUser}:{token}"
            : null;
        return pair is null ? null : Encoded(pair);
    }

    private static string Encoded(string pair) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));

    private string[] Forms()
    {
        var token = Reveal(options.Token!);
        return token.Length == 0 ? [] : [token, Basic(token) ?? Encoded(":" + token)];
    }

    private string Reveal(Secret secret)
    {
        string token;
        try
        {
            token = secret.Reveal();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw Unauthorized("cannot be read", failure);
        }

        return options.Username.Length > 0 || !token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? token
            : throw Unauthorized("has a character that no header can carry (a line end?)", null);
    }

    private RefSourceException Unauthorized(string reason, Exception? failure) =>
        new(RefSourceError.Unauthorized, $"the token of provider \"{options.Provider}\" {reason}", innerException: failure);
}
