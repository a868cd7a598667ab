using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Cli.Receiver;

/// <summary>
/// What Tekton's interceptors make of a request: the github and bitbucket ones check an HMAC over the exact bytes, the gitlab one compares a token. What is
/// signed by Standard Webhooks is verified as its libraries do.
/// </summary>
internal static class Interceptor
{
    public static Verdict Judge(IHeaderDictionary headers, byte[] body, Secret? secret, TimeProvider time)
    {
        var name = NameOf(headers);
        if (secret is null)
        {
            return new Verdict(true, name, "not checked: no secret given");
        }

        return name switch
        {
            "gitlab" => Token(headers, secret.Reveal()),
            "webhook" => StandardWebhook(headers, body, secret.Reveal(), time),
            "bitbucket" => Signature(name, headers, body, secret, "X-Hub-Signature"),
            _ => Signature(name, headers, body, secret, "X-Hub-Signature-256", "X-Hub-Signature"),
        };
    }

    // A CloudEvent has no event header of a forge: only a cel interceptor reads it.
    private static string NameOf(IHeaderDictionary headers) =>
        headers.ContainsKey("X-Gitlab-Event") ? "gitlab"
        : headers.ContainsKey("X-Event-Key") ? "bitbucket"
        : headers.ContainsKey("X-GitHub-Event") ? "github"
        : headers.ContainsKey("webhook-id") ? "webhook"
        : "cel";

    private static Verdict Token(IHeaderDictionary headers, string secret)
    {
        const string Header = "X-Gitlab-Token";
        if (headers[Header].ToString() is not { Length: > 0 } token)
        {
            return new Verdict(false, "gitlab", $"no {Header} header");
        }

        return Same(token, secret) ? new Verdict(true, "gitlab", "token valid") : new Verdict(false, "gitlab", $"{Header} does not equal the secret");
    }

    private static Verdict Signature(string name, IHeaderDictionary headers, byte[] body, Secret secret, params ReadOnlySpan<string> candidates)
    {
        foreach (var header in candidates)
        {
            if (headers[header].ToString() is { Length: > 0 } signature)
            {
                return Same(signature, Expected(signature, Encoding.UTF8.GetBytes(secret.Reveal()), body))
                    ? new Verdict(true, name, "signature valid")
                    : new Verdict(false, name, $"{header} does not fit body and secret");
            }
        }

        return new Verdict(false, name, $"no {candidates[0]} header");
    }

    // What its libraries do: any of the signatures by any of the keys, over what came no more than five minutes ago.
    private static Verdict StandardWebhook(IHeaderDictionary headers, byte[] body, string secret, TimeProvider time)
    {
        var (id, timestamp) = (headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString());
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - seconds) > 300)
        {
            return new Verdict(false, "webhook", "webhook-timestamp is not of the last five minutes");
        }

        var expected = WebhookSecret.Keys(secret)?.Select(key => WebhookSecret.Sign(key, id, timestamp, body)).ToList() ?? [];
        return headers["webhook-signature"].ToString().Split(' ').Any(signature => expected.Exists(one => Same(signature, one)))
            ? new Verdict(true, "webhook", "signature valid")
            : new Verdict(false, "webhook", "webhook-signature does not fit id, timestamp, body and secret");
    }

    private static string Expected(string signature, byte[] key, byte[] body) =>
#pragma warning disable CA5350 // the interceptors read it, so a stand-in must
        signature.StartsWith("sha1=", StringComparison.Ordinal) ? "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(key, body))
#pragma warning restore CA5350
        : "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body));

    private static bool Same(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}

/// <param name="Passes">Whether the request would get through.</param>
/// <param name="Interceptor">The interceptor that its headers are made for: github, gitlab, bitbucket or cel; webhook is a library of Standard Webhooks.</param>
/// <param name="Reason">Why, in words.</param>
internal sealed record Verdict(bool Passes, string Interceptor, string Reason);
