using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agents.Engine.Store;

namespace Agents.Cluster;

/// <summary>
/// What a node proves itself with, and whom it believes: every node whose certificate the authority signed, and nobody
/// else. Secrets are named, never held: a file, or an environment variable.
/// </summary>
public sealed record ClusterTls
{
    /// <summary>PEM file of this node's certificate.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>PEM file of its private key.</summary>
    public required string KeyFile { get; init; }

    /// <summary>"env:NAME" or "file:PATH" of the key's password; null: the key is not encrypted.</summary>
    public string? KeyPassword { get; init; }

    /// <summary>PEM file of the authority that signs the certificates of this cluster's nodes, used for nothing else.</summary>
    public required string AuthorityFile { get; init; }

    internal void Check()
    {
        using var certificate = Certificate();
        if (!Trusts(certificate))
        {
            throw Wrong($"{CertificateFile} is not signed by {AuthorityFile}, or not valid now; no other node would believe it", null);
        }
    }

    internal X509Certificate2 Certificate() => Read(() =>
    {
        using var read = KeyPassword is { } reference
            ? X509Certificate2.CreateFromEncryptedPemFile(CertificateFile, Secret(reference), KeyFile)
            : X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile);

        // A key read from PEM lives in memory only; some platforms' TLS wants it the way a PKCS#12 import makes it.
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    });

    /// <summary>Signed by our authority and valid now. Names are not compared: nodes come and go with their addresses.</summary>
    internal bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    X509Certificate2Collection Authorities() => Read(() =>
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(AuthorityFile);
        return all.Count > 0 ? all : throw new CryptographicException($"{AuthorityFile} holds no certificate");
    });

    static string Secret(string reference) => reference.Split(':', 2) switch
    {
        ["env", var name] => Environment.GetEnvironmentVariable(name)
            ?? throw new CryptographicException($"the environment variable {name} is not set"),
        ["file", var path] => File.ReadAllText(path).TrimEnd('\r', '\n'),
        _ => throw new CryptographicException("a secret is named as env:NAME or file:PATH"),
    };

    static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw Wrong(e.Message.TrimEnd('.'), e);
        }
    }

    static StoreUnavailableException Wrong(string what, Exception? inner) => new(
        $"AG1202: the certificate for talking to other nodes cannot be used: {what}.", inner);
}
