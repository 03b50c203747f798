using System.CommandLine;
using System.Net;
using Agents.Client.Runs;
using Agents.Cluster;
using Agents.Host.Verbs;

namespace Agents.Host.CommandLine;

/// <summary>How agents serve talks to other nodes.</summary>
sealed class ClusterOptions
{
    readonly Option<string> _address = new("--cluster-address")
    {
        Description = "private address for the other nodes; not loopback needs the three files", DefaultValueFactory = _ => "127.0.0.1",
        HelpName = "IP",
    };

    readonly Option<int> _port = new("--cluster-port")
    {
        Description = "its port; 0 takes a free one", DefaultValueFactory = _ => 0, HelpName = "PORT",
    };

    readonly Option<string?> _certificate = new("--cluster-cert") { Description = "this node's certificate, PEM", HelpName = "FILE" };
    readonly Option<string?> _key = new("--cluster-key") { Description = "its private key, PEM", HelpName = "FILE" };
    readonly Option<string?> _authority = new("--cluster-ca")
    {
        Description = "who signs the certificates of this cluster's nodes, PEM", HelpName = "FILE",
    };

    readonly Option<string?> _password = new("--cluster-key-password")
    {
        Description = "where the key's password is: env:NAME or file:PATH", HelpName = "REF",
    };

    public Option[] All => [_address, _port, _certificate, _key, _authority, _password];

    public VerbContext AddTo(VerbContext context, ParseResult result) =>
        context with { Store = context.Store with { Cluster = Settings(result) } };

    ClusterSettings Settings(ParseResult result) => new()
    {
        Address = IPAddress.TryParse(result.GetValue(_address), out var address)
            ? address
            : throw new RunFaultException(
                Faults.Usage, $"'{result.GetValue(_address)}' is no IP address", "--cluster-address", "give the address of one network interface"),
        Port = result.GetValue(_port),
        Tls = (result.GetValue(_certificate), result.GetValue(_key), result.GetValue(_authority)) switch
        {
            (null, null, null) => null,
            ({ } certificate, { } key, { } authority) => new ClusterTls
            {
                CertificateFile = Path.GetFullPath(certificate), KeyFile = Path.GetFullPath(key),
                AuthorityFile = Path.GetFullPath(authority), KeyPassword = result.GetValue(_password),
            },
            _ => throw new RunFaultException(
                Faults.Usage, "mutual TLS needs all three files", "--cluster-cert, --cluster-key and --cluster-ca", "give all of them or none"),
        },
    };
}
