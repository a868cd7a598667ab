using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>The certificate of the API, read again when its files change. While they cannot be used the last good pair stays.</summary>
internal sealed partial class ServerCertificate(TlsConfig files)
{
    private readonly Lock gate = new();
    private SslStreamCertificateContext? context;
    private (DateTime, DateTime) seen;
    private (DateTime, DateTime) told;

    /// <summary>For each new connection: looking at the times of two files costs microseconds.</summary>
    public SslStreamCertificateContext Current(ILogger logger)
    {
        lock (gate)
        {
            var now = (File.GetLastWriteTimeUtc(files.CertFile), File.GetLastWriteTimeUtc(files.KeyFile));
            if (context is null || now != seen)
            {
                Refresh(now, logger);
            }

            return context ?? throw new CryptographicException("there is no certificate that could be used: see api.tls");
        }
    }

    // Half of a rotation does not fit together: it is tried again at the next connection, and told once.
    private void Refresh((DateTime, DateTime) now, ILogger logger)
    {
        try
        {
            using var pair = X509Certificate2.CreateFromPemFile(files.CertFile, files.KeyFile);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(files.CertFile);

            // A key that came from PEM is not taken by every platform as it is.
            var server = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
            context = SslStreamCertificateContext.Create(server, chain, offline: true);
            seen = now;
            Log.Read(logger, files.CertFile, server.NotAfter.ToUniversalTime());
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            if (now != told)
            {
                told = now;
                Log.Unusable(logger, files.CertFile, files.KeyFile, e.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "the API uses the certificate in {File}, good until {End:u}")]
        public static partial void Read(ILogger logger, string file, DateTime end);

        [LoggerMessage(Level = LogLevel.Error, Message = "the certificate in {CertFile} and the key in {KeyFile} cannot be used ({Reason}): the last good pair stays until both files fit")]
        public static partial void Unusable(ILogger logger, string certFile, string keyFile, string reason);
    }
}
