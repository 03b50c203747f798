using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agents.Access;
using Agents.Client.Runs;
using Agents.Engine.Grpc;

namespace Agents.Host.CommandLine;

/// <summary>Who may come in over the network, and how the Durable Task endpoint listens.</summary>
sealed class AccessOptions
{
    /// <summary>Variable that holds a key for everything; unset: none is asked for.</summary>
    public const string KeyVariable = "AGENTS_API_KEY";

    readonly Option<string?> _access = new("--access")
    {
        Description = $"who may come in, and to which task hub (docs/access.md); besides ${KeyVariable}", HelpName = "FILE",
    };

    readonly Option<int?> _port = new("--grpc-port")
    {
        Description = "port for Durable Task clients and workers (docs/durable-task-backend.md)", HelpName = "PORT",
    };

    readonly Option<string> _address = new("--grpc-address")
    {
        Description = "its address; not loopback needs keys and TLS", DefaultValueFactory = _ => "127.0.0.1", HelpName = "IP",
    };

    readonly Option<string?> _certificate = new("--grpc-cert") { Description = "its certificate, PEM", HelpName = "FILE" };
    readonly Option<string?> _key = new("--grpc-key") { Description = "the certificate's private key, PEM", HelpName = "FILE" };
    readonly Option<bool> _plaintext = new("--grpc-plaintext") { Description = "without TLS on any address: TLS ends before it" };

    readonly Option<bool> _elsewhere = new("--work-elsewhere")
    {
        Description = "agents work processes that connect do the work of runs, not this process",
    };

    /// <summary>Only who may come in, for a verb that has no Durable Task endpoint.</summary>
    public Option RulesFile => _access;

    public Option[] All => [_access, _port, _address, _certificate, _key, _plaintext, _elsewhere];

    /// <summary>The rules of the file and the key of the variable, where they are given.</summary>
    public AccessRules Rules(ParseResult result)
    {
        try
        {
            var rules = result.GetValue(_access) is { } file ? AccessFile.Read(file, Environment.GetEnvironmentVariable) : new AccessRules();
            return Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? rules.WithKey(KeyVariable, key) : rules;
        }
        catch (AccessRulesException e)
        {
            throw new RunFaultException(Faults.AccessRules, e.Message, "--access", "put it right; docs/access.md has the format", e);
        }
    }

    /// <summary>Null where no port was given for it.</summary>
    public DurableTaskOptions? Endpoint(ParseResult result)
    {
        if (result.GetValue(_port) is not { } port)
        {
            return !result.GetValue(_elsewhere) ? null : throw new RunFaultException(
                Faults.Usage, "workers have no port to connect to", "--work-elsewhere", "give --grpc-port too");
        }

        var options = new DurableTaskOptions
        {
            Address = IPAddress.TryParse(result.GetValue(_address), out var address)
                ? address
                : throw new RunFaultException(
                    Faults.Usage, $"'{result.GetValue(_address)}' is no IP address", "--grpc-address", "give the address of one network interface"),
            Port = port, Access = Rules(result), PlaintextAnywhere = result.GetValue(_plaintext), Certificate = Certificate(result),
            WorkElsewhere = result.GetValue(_elsewhere),
        };
        return options.Exposure() is { } why
            ? throw new RunFaultException(
                Faults.Exposed, why, "--grpc-address",
                $"give --access or {KeyVariable}, and --grpc-cert with --grpc-key (or --grpc-plaintext, where TLS ends before this program)")
            : options;
    }

    X509Certificate2? Certificate(ParseResult result) =>
        Certificate(result.GetValue(_certificate), result.GetValue(_key), "--grpc-cert and --grpc-key");

    /// <summary>Null where neither is given.</summary>
    public static X509Certificate2? Certificate(string? certificate, string? key, string where)
    {
        if (certificate is null && key is null)
        {
            return null;
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(
                certificate ?? throw Incomplete(where), key ?? throw Incomplete(where));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new RunFaultException(Faults.Usage, e.Message, where, "give a certificate and its key as PEM files", e);
        }
    }

    static RunFaultException Incomplete(string where) => new(
        Faults.Usage, "TLS needs both files", where, "give both of them or none");
}
