using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RepoSentry.Tests.Support;

/// <summary>A self-signed certificate for localhost with its key, as PEM.</summary>
internal sealed record ServerCertificate(string Certificate, string Key, string Thumbprint)
{
    public static ServerCertificate Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        return new ServerCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), certificate.Thumbprint);
    }

    /// <summary>Replaces both files as a rotation does.</summary>
    public ServerCertificate Write(string certFile, string keyFile)
    {
        File.WriteAllText(keyFile, Key);
        File.WriteAllText(certFile, Certificate);
        return this;
    }
}
