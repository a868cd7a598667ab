using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Cli.Receiver;

/// <summary>What Tekton's interceptors make of a request: the github and bitbucket ones check an HMAC over the exact bytes, the gitlab one compares a token.</summary>
internal static class Interceptor
{
    public static Verdict Judge(IHeaderDictionary headers, byte[] body, Secret? secret)
    {
        if (secret is null)
        {
            return new Verdict(true, "not checked: no secret given");
        }

        var key = Encoding.UTF8.GetBytes(secret.Reveal());
        if (headers.TryGetValue("X-Gitlab-Token", out var token))
        {
            return Same(token.ToString(), secret.Reveal()) ? new Verdict(true, "token valid") : new Verdict(false, "X-Gitlab-Token does not equal the secret");
        }

        if (headers.TryGetValue("X-Hub-Signature-256", out var signature))
        {
            return Check(signature.ToString(), key, body);
        }

        return headers.TryGetValue("X-Hub-Signature", out var other) ? Check(other.ToString(), key, body) : new Verdict(false, "no signature header");
    }

    private static Verdict Check(string signature, byte[] key, byte[] body)
    {
        var valid = Same(signature, "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body)));
        return valid ? new Verdict(true, "signature valid") : new Verdict(false, "the signature does not fit body and secret");
    }

    private static bool Same(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}

/// <param name="Passes">Whether the request would get through.</param>
/// <param name="Reason">Why, in words.</param>
internal sealed record Verdict(bool Passes, string Reason);
